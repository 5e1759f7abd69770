// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Synchronization
import Testing

@Suite("Threads", .serialized)
struct ThreadTests {
    @Test("a thread has its name, of which the kernel keeps 15 bytes", arguments: ["vcpu 0", "a name of twenty byt"])
    func name(_ name: String) throws {
        let box = Box(seen: "")
        let thread = try OSThread(name: name) {
            let file = try? FileDescriptor.open("/proc/thread-self/comm", O_RDONLY)
            if let file, let bytes = try? file.readAll(limit: 100) {
                box.seen.withLock { $0 = String(decoding: bytes, as: UTF8.self) }
            }
        }
        thread.join()
        #expect(box.seen.withLock { $0 } == String(name.prefix(15)) + "\n")
    }

    private final class Box: Sendable {
        let seen: Mutex<String>
        init(seen: String) { self.seen = Mutex(seen) }
    }

    @Test("a thread runs where it was put and nowhere else")
    func placement() throws {
        let allowed = try CPUSet.allowed()
        let cpu = try #require(allowed.cpus.last)
        let outcome = Outcome()
        let thread = try OSThread(name: "pinned", cpus: CPUSet([cpu])) {
            guard let mine = try? CPUSet.allowed() else { return }
            outcome.set(mine == CPUSet([cpu]) ? 1 : -1)
        }
        thread.join()
        #expect(outcome.value == 1)
        #expect(try CPUSet.allowed() == allowed)
    }

    @Test("an empty set of CPUs cannot be applied")
    func emptySet() {
        #expect(throws: Errno(code: EINVAL, call: "sched_setaffinity")) { try CPUSet([]).apply() }
    }

    @Test("each thread has its own id")
    func ids() throws {
        let outcome = Outcome()
        let thread = try OSThread(name: "id") { outcome.set(Int(OSThread.currentID)) }
        thread.join()
        #expect(outcome.value > 0)
        #expect(outcome.value != Int(OSThread.currentID))
    }

    @Test("a kick takes a thread out of a blocking read")
    func kick() throws {
        try OSThread.prepareKicks()
        let pair = try UnixSocket.pair()
        let raw = pair.first.descriptor.raw
        let outcome = Outcome()
        let thread = try OSThread(name: "blocked") {
            var byte: UInt8 = 0
            let n = unsafe read(raw, &byte, 1)
            outcome.set(n == -1 && errno == EINTR ? 1 : -1)
        }
        // The thread may not be inside the call yet when a kick arrives: kick until it says that it came out.
        while outcome.value == 0 {
            thread.kick()
            usleep(1000)
        }
        thread.join()
        #expect(outcome.value == 1)
        #expect(fcntl(pair.second.descriptor.raw, F_GETFD) >= 0)
    }

    @Test("our own reads go on after a kick")
    func retry() throws {
        try OSThread.prepareKicks()
        let pair = try UnixSocket.pair()
        let reader = pair.first.descriptor.raw, writer = pair.second.descriptor.raw
        let outcome = Outcome()
        let thread = try OSThread(name: "reader") {
            let file = FileDescriptor(owning: reader)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
            let n = (try? unsafe file.read(into: buffer)) ?? -1
            let byte = unsafe buffer[0]
            outcome.set(n == 1 && byte == 7 ? 1 : -1)
            unsafe buffer.deallocate()
            _ = file.release()
        }
        for _ in 0..<20 {
            thread.kick()
            usleep(500)
        }
        #expect(outcome.value == 0)
        var byte: UInt8 = 7
        #expect(unsafe write(writer, &byte, 1) == 1)
        thread.join()
        #expect(outcome.value == 1)
        #expect(pair.first.descriptor.raw == reader)
    }

    @Test("a gate holds a thread until its word changes, whatever wakes it before")
    func gate() throws {
        try OSThread.prepareKicks()
        let gate = Gate(3), outcome = Outcome()
        let thread = try OSThread(name: "waiter") {
            gate.wait(while: 3)
            outcome.set(Int(gate.value))
        }
        for _ in 0..<10 {
            thread.kick()
            gate.open(3)
            usleep(500)
        }
        #expect(outcome.value == 0)
        gate.advance()
        thread.join()
        #expect(outcome.value == 4)
        gate.wait(while: 3)
    }

    @Test(
        "lists of CPUs are read as the kernel writes them",
        arguments: [
            ("0", [0]), ("0-3,8", [0, 1, 2, 3, 8]), ("8,0-3\n", [0, 1, 2, 3, 8]), ("", []), ("\n", []),
            ("5-5", [5]), ("0, 2", [0, 2]), ("8191", [8191]), ("8192", nil), ("3-1", nil), ("-1", nil), ("1-", nil),
            ("1-2-3", nil), ("a", nil), ("1,,2", nil), (",", nil), ("0x1", nil), ("+1", nil),
            ("99999999999999999999", nil), ("0-99999999999", nil),
        ] as [(String, [Int]?)])
    func parse(text: String, cpus: [Int]?) {
        #expect(CPUSet(list: text)?.cpus == cpus)
    }

    @Test(
        "a set prints as the kernel's list",
        arguments: [
            ([], ""), ([3], "3"), ([3, 1, 2, 2], "1-3"), ([0, 2, 4, 5], "0,2,4-5"), ([-1, 9000, 7], "7"),
        ] as [([Int], String)])
    func description(cpus: [Int], text: String) {
        let set = CPUSet(cpus)
        #expect(set.description == text)
        #expect(CPUSet(list: text) == set)
    }
}
