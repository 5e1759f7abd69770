// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Storage
import Testing

@Suite("Opening and locking images")
struct OpeningTests {
    private func failure(_ path: String, readOnly: Bool = false, lock: ImageLock? = nil) -> ImageError? {
        do throws(ImageError) {
            _ = try ImageFile.open(path, readOnly: readOnly, lock: lock)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "what is no disk is refused by name with a remedy",
        arguments: [
            ("/nonexistent/disk.img", ImageError.missing("/nonexistent/disk.img"), "create it"),
            ("/etc/passwd/disk", .missing("/etc/passwd/disk"), "create it"),
            ("/tmp", .notADisk("/tmp"), "regular file"),
            ("/dev/null", .notADisk("/dev/null"), "regular file"),
        ])
    func refused(path: String, expected: ImageError, remedy: String) {
        let error = failure(path)
        #expect(error == expected)
        #expect(error?.description.contains(path) == true)
        #expect(error?.description.contains(remedy) == true)
    }

    @Test("a pipe does not make the opener wait")
    func pipe() {
        let path = "/tmp/apus-pipe-\(getpid())"
        mkfifo(path, 0o600)
        defer { unlink(path) }
        #expect(failure(path) == .notADisk(path))
        #expect(failure(path, readOnly: true) == .notADisk(path))
    }

    @Test("an empty file is refused")
    func empty() throws {
        let file = try TemporaryFile()
        #expect(failure(file.path) == .empty(file.path))
    }

    @Test("a descriptor that cannot write serves only a read-only disk")
    func readOnlyDescriptor() throws {
        let file = try TemporaryFile([UInt8](repeating: 1, count: 512))
        let first = try FileDescriptor.open(file.path, O_RDONLY)
        do throws(ImageError) {
            _ = try ImageFile(owning: first, name: "root", readOnly: false)
            Issue.record("a writable disk was made from a descriptor that cannot write")
        } catch {
            #expect(error == .descriptorIsReadOnly("root"))
        }
        _ = try ImageFile(owning: try FileDescriptor.open(file.path, O_RDONLY), name: "root", readOnly: true)
    }

    @Test(
        "two users of one image: two writers never, readers among themselves always",
        arguments: [
            (false, ImageLock?.none, false, ImageLock?.none, true), (false, nil, true, nil, true),
            (true, nil, false, nil, true), (true, nil, true, nil, false),
            (false, .shared, false, .shared, false), (false, nil, false, .shared, true),
            (false, .agreed, false, .agreed, false), (false, .agreed, false, nil, true),
            (false, nil, false, .agreed, true),
            (true, nil, false, .agreed, true), (false, .unlocked, false, .exclusive, false),
            (false, .exclusive, false, .unlocked, false),
        ])
    func locks(firstReads: Bool, first: ImageLock?, secondReads: Bool, second: ImageLock?, isBusy: Bool) throws {
        let file = try TemporaryFile([UInt8](repeating: 1, count: 512))
        let image = try ImageFile.open(file.path, readOnly: firstReads, lock: first)
        let error = failure(file.path, readOnly: secondReads, lock: second)
        let wantsAll = second.map { $0 != .shared } ?? !secondReads
        #expect((error == .busy(file.path, writing: wantsAll)) == isBusy)
        #expect((error == nil) == !isBusy)
        #expect(image.properties.capacity == 512)
    }

    @Test("the lock goes with the open file: a passed descriptor keeps it, and the last one to close frees it")
    func lockTravels() throws {
        let file = try TemporaryFile([UInt8](repeating: 1, count: 512))
        let opened = try FileDescriptor.open(file.path, O_RDWR)
        try ImageLock.exclusive.take(on: opened, name: "disk")
        let passed = try opened.duplicate()
        close(opened.release())
        #expect(failure(file.path) == .busy(file.path, writing: true))
        do {
            // The launcher asks for the lock that it already has.
            let image = try ImageFile(owning: passed, name: "disk", readOnly: false)
            #expect(image.properties.capacity == 512)
        }
        #expect(failure(file.path) == nil)
    }

    @Test("a disk larger than any file position is cut to the last whole sector")
    func capacities() throws {
        let file = try TemporaryFile(hole: 3 << 40)
        let image = try ImageFile.open(file.path, readOnly: true)
        #expect(image.properties.capacity == 3 << 40)
        #expect(image.properties.contains(3 << 40, count: 0))
        #expect(!image.properties.contains((3 << 40) - 511, count: 512))
        #expect(!image.properties.contains(.max, count: 1))
    }
}
