// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import Linux

/// One connection of a probe: made, and for httpGet asked, and closed again, within its time.
///
/// The other end is the guest, which may send what it likes: no more than a head of 8 KiB is read of it.
final class NetworkAttempt {
    private let loop: EventLoop
    private var socket: FileDescriptor?
    private var token: UInt64 = 0
    private var alarm: UInt64?
    private var request: [UInt8]?
    private var parser = HTTPResponseParser(limits: HTTPLimits(headBytes: 8192, fields: 128, bodyBytes: .max))
    private var output = OutputQueue()
    private var isConnected = false
    private var completion: ((Result<Void, SupervisorError>) -> Void)?

    /// Begins an attempt; the completion is called once, maybe before this returns.
    /// - Parameter request: what is sent once connected, whose answer must be 200 to 399; nil for no more than a
    ///   connection.
    init(
        _ target: ProbeTarget, request: [UInt8]?, nanoseconds: UInt64, loop: EventLoop,
        _ completion: @escaping (Result<Void, SupervisorError>) -> Void
    ) {
        self.loop = loop
        self.request = request
        self.completion = completion
        do throws(SupervisorError) { try begin(target, nanoseconds) } catch { finish(.failure(error)) }
    }

    private func begin(_ target: ProbeTarget, _ nanoseconds: UInt64) throws(SupervisorError) {
        guard let address = ProbeTarget.address(target.host, target.port) else {
            throw SupervisorError("\(target.host) is no address")
        }
        let raw = Glibc.socket(
            address.family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue),
            0)
        guard raw >= 0 else { throw SupervisorError("\(Errno(code: errno, call: "socket"))") }
        socket = FileDescriptor(owning: raw)
        let result = address.bytes.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { connect(raw, $0.baseAddress, socklen_t(bytes.count)) }
        }
        if result != 0, errno != EINPROGRESS { throw SupervisorError(Errno(code: errno, call: "connect").reason) }
        guard let token = try? loop.watch(raw, .writable, { [weak self] in self?.serve(raw, $0) }) else {
            throw SupervisorError("The connection cannot be waited for")
        }
        self.token = token
        alarm = loop.after(nanoseconds: nanoseconds) { [weak self] in
            self?.finish(.failure(SupervisorError("no answer in time")))
        }
    }

    deinit { close() }

    /// Gives it up; the completion is not called any more.
    func cancel() {
        completion = nil
        close()
    }

    private func serve(_ raw: Int32, _ readiness: Readiness) {
        if !isConnected {
            var code: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            guard getsockopt(raw, SOL_SOCKET, SO_ERROR, &code, &size) == 0, code == 0 else {
                return finish(.failure(SupervisorError(Errno(code: code, call: "connect").reason)))
            }
            isConnected = true
            guard let request else { return finish(.success(())) }
            output.append(request)
        }
        if output.send(to: raw) == .failed { return finish(.failure(SupervisorError("the connection ended"))) }
        loop.change(token, output.count > 0 ? [.readable, .writable] : .readable)
        if !readiness.isDisjoint(with: [.readable, .closed, .failed]) { read(raw) }
    }

    private func read(_ raw: Int32) {
        var chunk = [UInt8](repeating: 0, count: 8192)
        let count = chunk.withUnsafeMutableBytes { recv(raw, $0.baseAddress, $0.count, 0) }
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return finish(.failure(SupervisorError("the connection ended without an answer"))) }
        parser.append(chunk[..<count])
        do throws(HTTPError) {
            guard let code = try parser.nextCode() else { return }
            finish(
                (200..<400).contains(code)
                    ? .success(()) : .failure(SupervisorError("HTTP probe failed with statuscode: \(code)")))
        } catch {
            finish(.failure(SupervisorError(error.description)))
        }
    }

    private func finish(_ result: Result<Void, SupervisorError>) {
        close()
        let completion = completion
        self.completion = nil
        completion?(result)
    }

    private func close() {
        loop.forget(token)
        loop.cancel(alarm)
        alarm = nil
        socket = nil
    }
}
