// SPDX-License-Identifier: Apache-2.0

/// Everything that can be asked of a supervisor; `docs/openapi.yaml` describes each by this name.
public enum APIOperation: String, CaseIterable, Sendable {
    case getStatus
    case getInstance
    case getMachine
    case streamEvents
    case pause
    case resume
    case reset
    case softReboot
    case stop
    case detach
    case openConsole
    case addVolume
    case removeVolume
    case resizeVolume
    case setBalloon
    case getMetrics
    case getState

    /// The method and the path; a segment in braces stands for any one segment.
    public var route: (method: String, path: String) {
        switch self {
        case .getStatus: ("GET", "/status")
        case .getInstance: ("GET", "/instance")
        case .getMachine: ("GET", "/machine")
        case .streamEvents: ("GET", "/events")
        case .pause: ("POST", "/pause")
        case .resume: ("POST", "/resume")
        case .reset: ("POST", "/reset")
        case .softReboot: ("POST", "/soft-reboot")
        case .stop: ("POST", "/stop")
        case .detach: ("POST", "/detach")
        case .openConsole: ("GET", "/console")
        case .addVolume: ("POST", "/volumes")
        case .removeVolume: ("DELETE", "/volumes/{name}")
        case .resizeVolume: ("PUT", "/volumes/{name}/size")
        case .setBalloon: ("PUT", "/balloon")
        case .getMetrics: ("GET", "/metrics")
        case .getState: ("GET", "/state")
        }
    }
}
