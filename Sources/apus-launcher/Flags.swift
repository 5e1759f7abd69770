// SPDX-License-Identifier: Apache-2.0

import Control
import Linux

/// What the launcher was told on its command line.
struct Flags {
    /// How to begin.
    enum Mode {
        /// A supervisor at the other end of this descriptor tells the rest.
        case controlled(descriptor: Int32)
        /// The flags below describe the machine.
        case standalone
        case help
        case version
    }

    var mode = Mode.standalone
    var name = "apus"
    var kernel: String?
    var initrd: String?
    var commandLine = "console=ttyS0"
    var cpus = CPUTopology(sockets: 1, cores: 1, threads: 1)
    var memory: UInt64 = 512 << 20
    var hugepages: UInt64?
    var prefaultThreads: UInt32 = 0
    var disks: [DiskFlag] = []
    var nets: [Net] = []
    var serial = Serial.stdio
    var hasRNG = false
    var terminal = Serial.none
    var channels: [Channel] = []
    var balloon: BalloonConfiguration?
    var watchdog: WatchdogAction?
    var vsockCID: UInt32?
    var sandbox = true

    struct Net {
        var tap: String
        var mac: MACAddress?
        var queues = 1
        var hasVhost = false
        var isUp = true
        var receiving: FrameRate?
        var sending: FrameRate?
    }

    struct Channel {
        var name: String
        var path: String
    }

    enum Serial {
        case none
        case stdio
        case unix(String)
    }

    /// Reads the arguments behind the program's name.
    /// - Throws: `FlagError` that names the flag.
    init(_ arguments: [String]) throws(FlagError) {
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            let (name, attached) = Flags.split(flag)
            switch name {
            case "--help", "-h", "--version", "--rng":
                guard attached == nil else { throw FlagError(name, "takes no value") }
                switch name {
                case "--version": mode = .version
                case "--rng": hasRNG = true
                default: mode = .help
                }
            default:
                guard Flags.known.contains(name) else {
                    throw FlagError(name, "is not known; --help lists all flags")
                }
                guard let value = attached ?? rest.popFirst() else { throw FlagError(name, "needs a value") }
                try take(name, value)
            }
        }
        if case .stdio = serial, case .stdio = terminal {
            throw FlagError("--terminal", "standard input and output are the serial port's; add --serial none")
        }
        if case .standalone = mode, kernel == nil { throw FlagError("--kernel", "is needed; --help lists all flags") }
    }

    private static let known: Set = [
        "--control-fd", "--name", "--kernel", "--initrd", "--cmdline", "--cpus", "--memory", "--hugepages",
        "--prefault",
        "--disk", "--net", "--vsock", "--serial", "--sandbox", "--terminal", "--channel", "--balloon", "--watchdog",
    ]

    private mutating func take(_ name: String, _ value: String) throws(FlagError) {
        switch name {
        case "--control-fd":
            guard let raw = Int32(value), raw > 2 else { throw FlagError(name, "must be a descriptor above 2") }
            mode = .controlled(descriptor: raw)
        case "--name": self.name = value
        case "--kernel": kernel = value
        case "--initrd": initrd = value
        case "--cmdline": commandLine = value
        case "--cpus": cpus = try Flags.topology(name, value)
        case "--memory": memory = try Flags.bytes(name, value)
        case "--hugepages": hugepages = try Flags.bytes(name, value)
        case "--prefault":
            guard let threads = UInt32(value), threads <= 256 else { throw FlagError(name, "must be 0 to 256 threads") }
            prefaultThreads = threads
        case "--disk": disks.append(try DiskFlag(name, try Flags.pairs(name, value)))
        case "--net": nets.append(try Flags.net(name, value))
        case "--vsock":
            guard let cid = UInt32(value), cid >= 3, cid < .max else {
                throw FlagError(name, "must be a context ID, 3 to 4294967294")
            }
            vsockCID = cid
        case "--serial": serial = try Flags.serial(name, value)
        case "--terminal": terminal = try Flags.serial(name, value)
        case "--channel": channels.append(try Flags.channel(name, value))
        case "--balloon": balloon = try Flags.balloon(name, value)
        case "--watchdog":
            guard let action = WatchdogAction(rawValue: value) else {
                let all = WatchdogAction.allCases.map(\.rawValue).joined(separator: ", ")
                throw FlagError(name, "must be one of \(all), not '\(value)'")
            }
            watchdog = action
        case "--sandbox": sandbox = try Flags.isOn(name, value)
        default: throw FlagError(name, "is not known; --help lists all flags")
        }
    }

    static func isOn(_ name: String, _ value: String) throws(FlagError) -> Bool {
        guard value == "on" || value == "off" else { throw FlagError(name, "must be on or off, not '\(value)'") }
        return value == "on"
    }

    private static func split(_ flag: String) -> (String, String?) {
        guard let equals = flag.firstIndex(of: "=") else { return (flag, nil) }
        return (String(flag[..<equals]), String(flag[flag.index(after: equals)...]))
    }

    /// "4" or "sockets=1,cores=2,threads=2".
    private static func topology(_ name: String, _ value: String) throws(FlagError) -> CPUTopology {
        if let cores = UInt32(value), cores > 0 { return CPUTopology(sockets: 1, cores: cores, threads: 1) }
        guard value.contains("=") else { throw FlagError(name, "must be at least 1, or sockets=S,cores=C,threads=T") }
        var t = CPUTopology(sockets: 1, cores: 1, threads: 1)
        for (key, text) in try pairs(name, value) {
            guard let count = UInt32(text), count > 0 else { throw FlagError(name, "\(key) must be at least 1") }
            switch key {
            case "sockets": t.sockets = count
            case "cores": t.cores = count
            case "threads": t.threads = count
            default: throw FlagError(name, "takes a number, or sockets=, cores= and threads=")
            }
        }
        return t
    }

    /// "512M", "2G", "1048576".
    static func bytes(_ name: String, _ value: String) throws(FlagError) -> UInt64 {
        var digits = value[...]
        for ending in ["iB", "B", "i"] where digits.hasSuffix(ending) { digits = digits.dropLast(ending.count) }
        let shift: UInt64 =
            switch digits.last {
            case "K", "k": 10
            case "M", "m": 20
            case "G", "g": 30
            case "T", "t": 40
            default: 0
            }
        if shift > 0 { digits = digits.dropLast() }
        guard let number = UInt64(digits), number <= UInt64.max >> shift else {
            throw FlagError(name, "must be a size such as 512M or 2G, not '\(value)'")
        }
        return number << shift
    }

    private static func net(_ name: String, _ value: String) throws(FlagError) -> Net {
        var net = Net(tap: "")
        for (key, text) in try pairs(name, value) {
            switch key {
            case "tap": net.tap = text
            case "mac":
                guard let mac = MACAddress(text), mac.isUnicast else {
                    throw FlagError(name, "mac must be a unicast address such as 02:00:00:00:00:01")
                }
                net.mac = mac
            case "queues":
                guard let queues = Int(text), (1...ConfigurationLimits.queuePairs).contains(queues) else {
                    throw FlagError(name, "queues must be 1 to \(ConfigurationLimits.queuePairs)")
                }
                net.queues = queues
            case "vhost": net.hasVhost = try isOn("\(name) vhost", text)
            case "link": net.isUp = try isOn("\(name) link", text)
            case "receive": net.receiving = FrameRate(bytesPerSecond: try bytes("\(name) receive", text))
            case "send": net.sending = FrameRate(bytesPerSecond: try bytes("\(name) send", text))
            default:
                throw FlagError(name, "takes tap=, mac=, queues=, vhost=, link=, receive= and send=, not '\(key)'")
            }
        }
        guard !net.tap.isEmpty else { throw FlagError(name, "needs tap=NAME") }
        return net
    }

    private static func channel(_ name: String, _ value: String) throws(FlagError) -> Channel {
        var channel = Channel(name: "", path: "")
        for (key, text) in try pairs(name, value) {
            switch key {
            case "name": channel.name = text
            case "path": channel.path = text
            default: throw FlagError(name, "takes name= and path=, not '\(key)'")
            }
        }
        guard !channel.name.isEmpty, !channel.path.isEmpty else { throw FlagError(name, "needs name=NAME,path=PATH") }
        return channel
    }

    /// "on", "off" or "reporting=off,statistics=SECONDS".
    private static func balloon(_ name: String, _ value: String) throws(FlagError) -> BalloonConfiguration? {
        if value == "off" { return nil }
        var balloon = BalloonConfiguration()
        if value == "on" { return balloon }
        for (key, text) in try pairs(name, value) {
            switch key {
            case "reporting": balloon.freePageReporting = try isOn("\(name) reporting", text)
            case "statistics":
                guard let seconds = UInt32(text) else {
                    throw FlagError(name, "statistics must be a number of seconds")
                }
                balloon.statisticsSeconds = seconds
            default: throw FlagError(name, "takes on, off, reporting= and statistics=, not '\(key)'")
            }
        }
        return balloon
    }

    private static func serial(_ name: String, _ value: String) throws(FlagError) -> Serial {
        if value == "none" { return .none }
        if value == "stdio" { return .stdio }
        if value.hasPrefix("unix:"), value.count > 5 { return .unix(String(value.dropFirst(5))) }
        throw FlagError(name, "must be none, stdio or unix:PATH")
    }

    private static func pairs(_ name: String, _ value: String) throws(FlagError) -> [(String, String)] {
        var all: [(String, String)] = []
        for part in value.split(separator: ",") {
            guard let equals = part.firstIndex(of: "=") else { throw FlagError(name, "takes KEY=VALUE, not '\(part)'") }
            all.append((String(part[..<equals]), String(part[part.index(after: equals)...])))
        }
        return all
    }
}
