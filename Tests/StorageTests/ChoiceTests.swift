// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Storage
import TestSupport
import Testing

@Suite("Choosing engine and cache mode", .serialized)
struct ChoiceTests {
    @Test("where io_uring is forbidden the pool serves, and says why", arguments: [EPERM, ENOSYS, EACCES])
    func forbidden(error: Int32) throws {
        let temporary = try TemporaryFile(RawImageTests.pattern(8192))
        let path = temporary.path
        let thread = try OSThreadBox {
            guard ForbiddenCall.forbidIOURing(error: error) else { return false }
            let choice = FileEngineKind.choose(.ring)
            guard choice.kind == .pool, choice.note?.contains("io_uring_setup") == true else { return false }
            guard FileEngineKind.choose(nil).kind == .pool, FileEngineKind.choose(.pool).note == nil else {
                return false
            }
            guard let file = try? ImageFile.open(path, readOnly: true) else { return false }
            do throws(Errno) {
                _ = try RingFiles([file], depth: 4)
                return false
            } catch let refusal { if refusal.code != error { return false } }
            guard var disk = try? RawEngine(FileEngines([file], kind: choice.kind, threads: 2).engine(0)) else {
                return false
            }
            let back = Vectors([8192])
            guard (try? disk.read(back, at: 0)) != nil else { return false }
            return back.contents == RawImageTests.pattern(8192)
        }
        #expect(thread.join())
    }

    @Test(
        "a pool's threads end with its last engine, a ring's descriptors are closed",
        arguments: EngineUnderTest.allCases)
    func ends(engine: EngineUnderTest) throws {
        let temporary = try TemporaryFile(RawImageTests.pattern(8192))
        let name = "own-\(engine)"
        func threads() -> Int {
            guard let directory = opendir("/proc/self/task") else { return -1 }
            defer { closedir(directory) }
            var count = 0
            while let entry = readdir(directory) {
                let id = withUnsafeBytes(of: entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                guard let file = try? FileDescriptor.open("/proc/self/task/\(id)/comm", O_RDONLY) else { continue }
                if let text = try? file.readAll(limit: 64), text.starts(with: name.utf8) { count += 1 }
            }
            return count
        }
        do {
            let file = try ImageFile.open(temporary.path, readOnly: true)
            let engines = try FileEngines([file], kind: engine.kind, threads: 3, name: name)
            var disk = try LimitedEngine(
                RawEngine(engines.engine(0)), limits: DiskLimits(requests: nil, bytes: .init(perSecond: 1 << 40)))
            try disk.read(Vectors([512]), at: 0)
            // A thread takes its name once it runs.
            while engine == .pool, threads() < 3 { usleep(1000) }
            #expect(threads() == (engine == .pool ? 3 : 0))
        }
        #expect(threads() == 0)
        // The file was closed, so its lock is gone.
        _ = try ImageFile.open(temporary.path, readOnly: false)
    }

    @Test("a file is put into the mode that was asked for, or the best there is")
    func modes() throws {
        let temporary = try TemporaryFile(hole: 1 << 20)
        for (wish, expected) in [
            (CacheMode?.none, CacheMode.none), (.some(.writethrough), .writethrough), (.some(.writeback), .writeback),
            (.some(CacheMode.none), .none),
        ] {
            let file = try FileDescriptor.open(temporary.path, O_RDWR)
            #expect(try CacheMode.choose(wish, for: file) == expected)
            let image = try ImageFile(owning: file, name: "disk", readOnly: false)
            #expect((image.properties.directAlignment > 1) == (expected == .none))
        }
        let pipe = try EventFD()
        #expect(throws: Errno.self) { try CacheMode.choose(.some(CacheMode.none), for: pipe.descriptor) }
        #expect(try CacheMode.choose(nil, for: pipe.descriptor) == .writethrough)
    }

    @Test(
        "QEMU's tools and Apus keep each other out", .enabled(if: access("/usr/bin/qemu-io", X_OK) == 0, "no qemu-io"))
    func neighbours() throws {
        let temporary = try TemporaryFile(hole: 1 << 20)
        func qemu(_ options: String) -> Int32 {
            system("/usr/bin/qemu-io -f raw \(options) -c 'read 0 512' \(temporary.path) >/dev/null 2>&1")
        }
        do {
            let writer = try ImageFile.open(temporary.path, readOnly: false)
            #expect(qemu("") != 0)
            withExtendedLifetime(writer) {}
        }
        do {
            let reader = try ImageFile.open(temporary.path, readOnly: true)
            #expect(qemu("") != 0)
            #expect(qemu("-r") == 0)
            withExtendedLifetime(reader) {}
        }
        let other = popen("/usr/bin/qemu-io -f raw \(temporary.path) >/dev/null 2>&1", "w")
        var isBusy = false
        for _ in 0..<3000 where !isBusy {
            do throws(ImageError) { _ = try ImageFile.open(temporary.path, readOnly: true) } catch {
                isBusy = error == .busy(temporary.path, writing: false)
            }
            if !isBusy { usleep(10_000) }
        }
        #expect(isBusy)
        #expect(throws: ImageError.busy(temporary.path, writing: true)) {
            try ImageFile.open(temporary.path, readOnly: false)
        }
        if let other { pclose(other) }
        _ = try ImageFile.open(temporary.path, readOnly: false)
    }
}
