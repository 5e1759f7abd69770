// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Storage
import Synchronization
import Testing

@testable import Devices

@Suite("A SCSI unit that is a device of the host")
struct SCSIPassingTests {
    /// A device that keeps what it was sent and answers as it is told.
    private final class Device: CommandCarrier {
        struct Sent: Equatable {
            var block: [UInt8]
            var data: [UInt8]
        }
        let sent = Mutex<[Sent]>([])
        let answer: Result<HostSCSIDevice.Outcome, Errno>

        init(_ answer: Result<HostSCSIDevice.Outcome, Errno>) { self.answer = answer }

        func send(
            _ block: UnsafeRawBufferPointer, _ data: IOSpan, count: Int, isWrite: Bool,
            sense: UnsafeMutableRawBufferPointer
        ) throws(Errno) -> HostSCSIDevice.Outcome {
            var span = data
            var bytes = [UInt8](repeating: 0, count: isWrite ? count : 0)
            if isWrite {
                _ = bytes.withUnsafeMutableBytes { span.read(into: $0) }
            } else {
                let filling = [UInt8](repeating: 0x77, count: count)
                _ = filling.withUnsafeBytes { span.write($0) }
            }
            sent.withLock { $0.append(Sent(block: Array(block), data: bytes)) }
            let outcome = try answer.get()
            for (i, byte) in Sense(5, 0x24, 0).fixed.prefix(outcome.senseBytes).enumerated() { sense[i] = byte }
            return outcome
        }
    }

    private func rig(_ device: Device) throws -> SCSIRig {
        let image = ModelEngine(BlockTests.pattern(512 * 10))
        return try SCSIRig(EngineHandle.holding(image), carrier: device)
    }

    @Test("gets every command but transfers, flushes and the list of units")
    func passed() throws {
        let device = Device(.success(.init(status: 0, residual: 4)))
        let rig = try rig(device)
        #expect(
            try rig.run([0x12, 0, 0, 0, 36, 0], room: 36)
                == .init(
                    residual: 4, data: [UInt8](repeating: 0x77, count: 32), written: 140))
        #expect(try rig.run([0x55, 0x10, 0, 0, 0, 0, 0, 0, 3, 0], out: [1, 2, 3])?.residual == 4)
        #expect(try rig.run([0xC0, 9])?.status == 0)
        #expect(
            device.sent.withLock { $0 } == [
                .init(block: [0x12, 0, 0, 0, 36, 0], data: []),
                .init(block: [0x55, 0x10, 0, 0, 0, 0, 0, 0, 3, 0], data: [1, 2, 3]),
                .init(block: [0xC0, 9] + [UInt8](repeating: 0, count: 14), data: []),
            ])
        #expect(
            try rig.run(SCSIRig.ten(0x28, 1, 1), room: 512)?.data == Array(BlockTests.pattern(512 * 10)[512..<1024]))
        #expect(try rig.run(SCSIRig.ten(0x35, 0, 0))?.status == 0)
        #expect(try rig.run([0xA0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0], room: 16)?.data.count == 16)
        #expect(device.sent.withLock { $0.count } == 3)
    }

    @Test("has its status and sense data told as they are")
    func sense() throws {
        let answer = try rig(Device(.success(.init(status: 2, senseBytes: 18, residual: 36)))).run([0x5E], room: 36)
        #expect(answer == .init(status: 2, sense: Sense(5, 0x24, 0), residual: 36, written: 108))
        #expect(try rig(Device(.success(.init(status: 0x18)))).run([0x5F])?.status == 0x18)
    }

    @Test("says so when the host does not let a command through, or fails", arguments: [(EPERM, true), (EIO, false)])
    func refused(code: Int32, isSense: Bool) throws {
        let answer = try rig(Device(.failure(Errno(code: code, call: "ioctl SG_IO")))).run([0x04])
        #expect(answer?.sense == (isSense ? .invalidOperation : Sense.none))
        #expect(answer?.response == (isSense ? 0 : 9))
    }

    @Test("is not made of a file", arguments: ["/proc/self/exe", "/dev/null"])
    func files(path: String) throws {
        #expect(HostSCSIDevice(try FileDescriptor.open(path, O_RDONLY)) == nil)
    }
}
