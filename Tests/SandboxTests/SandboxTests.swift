// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@testable import Sandbox

/// Runs `body` in a forked child and says how the child ended and what it wrote to standard error.
private func inChild(_ body: () -> Int32) throws -> (status: Int32, errors: String) {
    var ends: (Int32, Int32) = (0, 0)
    try withUnsafeMutableBytes(of: &ends) { p in
        let r = pipe(p.baseAddress?.assumingMemoryBound(to: Int32.self))
        try #require(r == 0)
    }
    let reader = FileDescriptor(owning: ends.0)
    let writer = FileDescriptor(owning: ends.1)
    let child = try #require(forkChild())
    if child == 0 {
        dup2(writer.raw, 2)
        _exit(body())
    }
    _ = consume writer
    let errors = String(decoding: try reader.readAll(limit: 65_536), as: UTF8.self)
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return (status, errors)
}

/// `fork`, which Swift hides; the child only makes system calls.
private func forkChild() -> Int32? {
    typealias Fork = @convention(c) () -> Int32
    guard let symbol = dlsym(nil, "fork") else { return nil }
    return unsafeBitCast(symbol, to: Fork.self)()
}

/// `syscall`, which Swift hides because it is variadic.
private func syscall3(_ number: Int, _ a: Int, _ b: Int, _ c: Int) -> Int {
    typealias Call = @convention(c) (Int, Int, Int, Int) -> Int
    guard let symbol = dlsym(nil, "syscall") else { return -1 }
    return unsafeBitCast(symbol, to: Call.self)(number, a, b, c)
}

@Suite("The sandbox", .serialized)
struct SandboxTests {
    @Test("what the filter allows works, and a planted forbidden call dies with its name")
    func forbidden() throws {
        try ViolationReport.arm()
        let filter = try SystemCallFilter(name: "test", rules: SystemCallRule.everyThread).compile()
        let (status, errors) = try inChild {
            guard (try? Privileges.forbidNew()) != nil else { return 90 }
            guard (try? filter.install()) != nil else { return 91 }
            guard getpid() > 0 else { return 92 }
            _ = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            return 0
        }
        #expect(errors == "forbidden system call socket on a test thread\n")
        #expect(status & 0x7F == SIGSYS)
    }

    @Test(
        "memory may be mapped but not made executable",
        arguments: [(PROT_READ | PROT_WRITE, true), (PROT_READ | PROT_EXEC, false)])
    func executable(protection: Int32, isAllowed: Bool) throws {
        try ViolationReport.arm()
        let filter = try SystemCallFilter(name: "test", rules: SystemCallRule.everyThread).compile()
        let (status, errors) = try inChild {
            guard (try? Privileges.forbidNew()) != nil else { return 90 }
            guard (try? filter.install()) != nil else { return 91 }
            _ = mmap(nil, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            return 0
        }
        #expect((status == 0) == isAllowed)
        #expect(errors == (isAllowed ? "" : "forbidden system call mmap on a test thread\n"))
    }

    @Test("an ioctl is told by its request number")
    func ioctlNumbers() throws {
        try ViolationReport.arm()
        let rules = SystemCallRule.everyThread + [.ioctl(UInt(FIONREAD))]
        let filter = try SystemCallFilter(name: "test", rules: rules).compile()
        for (request, isAllowed) in [(UInt(FIONREAD), true), (UInt(TCGETS), false)] {
            let (status, _) = try inChild {
                guard (try? Privileges.forbidNew()) != nil else { return 90 }
                guard (try? filter.install()) != nil else { return 91 }
                var value: Int32 = 0
                _ = ioctl(0, request, &value)
                return 0
            }
            #expect((status == 0) == isAllowed)
        }
    }

    @Test("dropping privileges leaves no capability in any set and forbids new ones")
    func privileges() throws {
        let (status, errors) = try inChild {
            guard (try? Privileges.drop()) != nil else { return 90 }
            guard let file = try? FileDescriptor.open("/proc/self/status", O_RDONLY),
                let bytes = try? file.readAll(limit: 65_536)
            else { return 92 }
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            guard lines.contains("NoNewPrivs:\t1") else { return 94 }
            for line in lines where line.hasPrefix("Cap") {
                // Without CAP_SETPCAP the bounding set stays, and no_new_privs makes it irrelevant.
                if line.hasPrefix("CapBnd"), getuid() != 0 { continue }
                guard line.hasSuffix("0000000000000000") else { return 93 }
            }
            return 0
        }
        #expect(status == 0, "\(errors)")
    }

    @Test(
        "a call by the 32-bit door or of the x32 kind ends the process, and says so",
        arguments: [
            // mov eax,20; int 0x80; ret
            (
                [0xB8, 0x14, 0, 0, 0, 0xCD, 0x80, 0xC3] as [UInt8],
                "forbidden foreign system call 20 on a test thread\n"
            ),
            // mov eax,0x40000027; syscall; ret
            ([0xB8, 0x27, 0, 0, 0x40, 0x0F, 0x05, 0xC3], "forbidden system call 1073741863 on a test thread\n"),
        ])
    func foreign(code: [UInt8], report: String) throws {
        try ViolationReport.arm()
        let filter = try SystemCallFilter(name: "test", rules: SystemCallRule.everyThread).compile()
        let page = try #require(
            mmap(nil, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
        defer { munmap(page, 4096) }
        page.copyMemory(from: code, byteCount: code.count)
        let call = unsafeBitCast(page, to: (@convention(c) () -> Int).self)
        let (status, errors) = try inChild {
            guard (try? Privileges.forbidNew()) != nil else { return 90 }
            guard (try? filter.install()) != nil else { return 91 }
            _ = call()
            return 0
        }
        #expect(errors == report)
        #expect(status & 0x7F == SIGSYS)
    }

    @Test("threads that violate their filters together leave one whole line", arguments: 0..<20)
    func together(round: Int) throws {
        try ViolationReport.arm()
        let filter = try SystemCallFilter(name: "test", rules: SystemCallRule.everyThread).compile()
        let (status, errors) = try inChild {
            guard (try? Privileges.forbidNew()) != nil else { return 90 }
            let go = Gate()
            for _ in 0..<4 {
                let thread = try? OSThread(name: "bad") {
                    guard (try? filter.install()) != nil else { return }
                    go.wait(while: 0)
                    _ = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                }
                guard thread != nil else { return 92 }
            }
            usleep(2000)
            go.open(1)
            while true { pause() }
        }
        #expect(errors == "forbidden system call socket on a test thread\n")
        #expect(status & 0x7F == SIGSYS)
    }

    @Test("a thread that aborts dies of SIGABRT, not of its filter")
    func aborts() throws {
        try ViolationReport.arm()
        let (status, errors) = try inChild {
            guard (try? Privileges.forbidNew()) != nil else { return 90 }
            // The test runner has a handler of its own that would start a program.
            signal(SIGABRT, SIG_DFL)
            guard let filter = try? SystemCallFilter(name: "test", rules: SystemCallRule.everyThread).compile(),
                (try? filter.install()) != nil
            else { return 91 }
            abort()
        }
        #expect(errors == "")
        #expect(status & 0x7F == SIGABRT)
    }

    @Test("no other process can be signalled")
    func otherProcesses() throws {
        try ViolationReport.arm()
        let parent = getpid()
        let (status, errors) = try inChild {
            guard (try? Privileges.forbidNew()) != nil else { return 90 }
            guard let filter = try? SystemCallFilter(name: "test", rules: SystemCallRule.everyThread).compile(),
                (try? filter.install()) != nil
            else { return 91 }
            // Signal 6 would be allowed on this process; the parent must not get it.
            _ = syscall3(234, Int(parent), Int(parent), Int(SIGABRT))
            return 0
        }
        #expect(errors == "forbidden system call tgkill on a test thread\n")
        #expect(status & 0x7F == SIGSYS)
    }

    @Test("a rule that names no system call is an error, not a hole")
    func unknown() {
        let filter = SystemCallFilter(name: "test", rules: [.allow("no_such_call")])
        #expect(throws: SandboxError.self) { try filter.compile() }
    }
}
