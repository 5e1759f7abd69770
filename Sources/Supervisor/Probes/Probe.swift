// SPDX-License-Identifier: Apache-2.0

import GuestAgent
import HTTP
import Linux
import VMISpec

/// Asks the guest again and again, and tells when the answers amount to something else than before.
final class Probe {
    private let spec: ProbeSpec
    private let target: ProbeTarget?
    private let loop: EventLoop
    private let agent: GuestAgent
    private var state: ProbeState
    private var attempt: NetworkAttempt?
    private var alarm: UInt64?
    private var isAsking = false
    private var isStopped = true
    private var round: UInt64 = 0

    /// Is told each failure in one line.
    var onFailure: (SupervisorError) -> Void = { _ in }
    /// Is told when the verdict changed.
    var onChange: () -> Void = {}

    /// A probe that has not begun.
    /// - Parameter isGood: the verdict before the first answer.
    init(
        _ spec: ProbeSpec, target: ProbeTarget?, isGood: Bool, loop: EventLoop, agent: GuestAgent
    ) {
        self.spec = spec
        self.target = target
        self.loop = loop
        self.agent = agent
        state = ProbeState(spec, isGood: isGood)
    }

    deinit { loop.cancel(alarm) }

    /// The verdict.
    var isGood: Bool { state.isGood }

    /// Begins to ask, after the initial delay.
    func start() {
        isStopped = false
        schedule(after: spec.initialDelaySeconds)
    }

    /// Asks no more.
    func stop() {
        isStopped = true
        round &+= 1
        loop.cancel(alarm)
        attempt?.cancel()
        attempt = nil
        isAsking = false
    }

    /// Goes on to ask, with the verdict as it was.
    func resume() {
        guard isStopped else { return }
        isStopped = false
        schedule(after: spec.periodSeconds)
    }

    /// Begins anew with another verdict, as after a reset of the guest.
    func restart(isGood: Bool) {
        stop()
        state = ProbeState(spec, isGood: isGood)
        start()
    }

    private func schedule(after seconds: Int32) {
        loop.cancel(alarm)
        alarm = loop.after(nanoseconds: UInt64(max(seconds, 0)) * 1_000_000_000) { [weak self] in self?.ask() }
    }

    private func ask() {
        guard !isStopped else { return }
        schedule(after: spec.periodSeconds)
        // An answer that takes longer than the period is waited for; its time is bounded.
        guard !isAsking else { return }
        isAsking = true
        round &+= 1
        let round = round
        let nanoseconds = UInt64(spec.timeoutSeconds) * 1_000_000_000
        let done: (Result<Void, SupervisorError>) -> Void = { [weak self] in self?.take($0, of: round) }
        switch spec.handler {
        case .httpGet(let path, _, _, _): open(Self.request(path, headers: spec.httpHeaders, target), nanoseconds, done)
        case .tcpSocket: open(nil, nanoseconds, done)
        case .guestAgentPing:
            agent.ping(patience: nanoseconds) { done($0.mapError { SupervisorError($0.description) }) }
        case .exec(let command):
            guard let program = command.first else { return done(.failure(SupervisorError("there is no command"))) }
            agent.execute(program, Array(command.dropFirst()), capturesOutput: false, timeout: nanoseconds) { result in
                done(
                    result.mapError { SupervisorError($0.description) }.flatMap { end in
                        guard end.exitCode != 0 else { return .success(()) }
                        let how = end.exitCode.map { "exited with \($0)" } ?? "was killed by a signal"
                        return .failure(SupervisorError("the command \(how)"))
                    })
            }
        case nil: done(.success(()))
        }
    }

    private func open(
        _ request: [UInt8]?, _ nanoseconds: UInt64, _ done: @escaping (Result<Void, SupervisorError>) -> Void
    ) {
        guard let target else { return done(.failure(SupervisorError("there is no address to ask"))) }
        attempt = NetworkAttempt(target, request: request, nanoseconds: nanoseconds, loop: loop, done)
    }

    /// The request that the kubelet sends; headers of the manifest go before its own of the same name.
    private static func request(_ path: String, headers: [ProbeSpec.Header], _ target: ProbeTarget?) -> [UInt8] {
        let host = target.map { $0.host.contains(":") ? "[\($0.host)]:\($0.port)" : "\($0.host):\($0.port)" } ?? ""
        var lines = ["GET \(path.hasPrefix("/") ? path : "/" + path) HTTP/1.1"]
        let given = Set(headers.map { $0.name.lowercased() })
        for (name, value) in [("Host", host), ("User-Agent", "kube-probe/apus"), ("Accept", "*/*")]
        where !given.contains(name.lowercased()) { lines.append("\(name): \(value)") }
        for header in headers { lines.append("\(header.name): \(header.value)") }
        lines.append("Connection: close")
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    private func take(_ result: Result<Void, SupervisorError>, of round: UInt64) {
        guard round == self.round, isAsking, !isStopped else { return }
        isAsking = false
        attempt = nil
        let changed: Bool
        switch result {
        case .success: changed = state.take(true)
        case .failure(let error):
            changed = state.take(false)
            onFailure(error)
        }
        if changed { onChange() }
    }
}
