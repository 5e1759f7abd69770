// SPDX-License-Identifier: Apache-2.0

import Devices
import Glibc
import Linux
import Synchronization

/// A kernel's side of a socket device that notes what it is told.
struct RecordedRings: VsockRings, ~Copyable {
    final class Log: Sendable {
        struct Told: Sendable {
            var lines: [String] = []
            var isRunning = false
            var kicks: [UInt32: Int32] = [:]
            var errors: [UInt32: Int32] = [:]
            var bases: [UInt32: UInt16] = [:]
            var refuses: String?
            var features: UInt64 = 1 << 32 | 1 << 29 | 1 << 28 | 1 << 26 | 1 << 24 | 1 << 1
        }
        private let told = Mutex(Told())
        func with<T: Sendable>(_ body: (inout sending Told) -> sending T) -> T { told.withLock { body(&$0) } }
        func take() -> [String] {
            with { told in
                defer { told.lines = [] }
                return told.lines
            }
        }
        var isRunning: Bool { with { $0.isRunning } }
    }

    let log: Log

    private func note(_ line: String) throws(Errno) {
        let isRefused = log.with { told in
            told.lines.append(line)
            return told.refuses.map { line.hasPrefix($0) } ?? false
        }
        if isRefused { throw Errno(code: EFAULT, call: "ioctl") }
    }

    func features() throws(Errno) -> UInt64 { log.with { $0.features } }
    func setFeatures(_ features: UInt64) throws(Errno) { try note("features \(String(features, radix: 16))") }
    func setMemory(_ regions: [Vhost.Region]) throws(Errno) {
        try note("memory \(regions.map { "\($0.guestAddress)+\($0.bytes)" }.joined(separator: " "))")
    }
    func setLog(at address: UInt) throws(Errno) { try note("log") }
    func setSize(ofRing ring: UInt32, _ size: UInt16) throws(Errno) { try note("size \(ring) \(size)") }
    func setBase(ofRing ring: UInt32, _ base: UInt16) throws(Errno) {
        log.with { $0.bases[ring] = base }
        try note("base \(ring) \(base)")
    }
    func base(ofRing ring: UInt32) throws(Errno) -> UInt16 { log.with { $0.bases[ring] ?? 0 } }
    func setAddresses(ofRing ring: UInt32, _ place: Vhost.Ring) throws(Errno) {
        try note("addresses \(ring) log \(place.log ?? 0)")
    }
    func setKick(ofRing ring: UInt32, _ event: Int32?) throws(Errno) {
        log.with { $0.kicks[ring] = event }
        try note("kick \(ring)")
    }
    func setCall(ofRing ring: UInt32, _ event: Int32?) throws(Errno) {
        try note("call \(ring) \(event == nil ? "nobody" : "driver")")
    }
    func setError(ofRing ring: UInt32, _ event: Int32?) throws(Errno) {
        log.with { $0.errors[ring] = event }
        try note("error \(ring)")
    }
    func setVsockGuestCID(_ cid: UInt64) throws(Errno) { try note("cid \(cid)") }
    func setVsockRunning(_ on: Bool) throws(Errno) {
        try note("running \(on)")
        log.with { $0.isRunning = on }
    }
}
