// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Why a tap cannot be used; each names it and the remedy.
public enum TapError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The name is empty, longer than 15 bytes, or has a slash or a blank in it.
    case badName(String)
    /// There is no such interface.
    case missing(String)
    /// Another process is attached to it.
    case busy(String)
    /// The process may not attach to it, or may not open /dev/net/tun.
    case forbidden(String)
    /// /dev/net/tun does not exist.
    case noDriver
    /// The interface exists but is no tap.
    case notATap(String)
    /// The descriptor is a tap without the header that virtio needs, or with the packet information that it must not have.
    case wrongFlags(String)
    /// Several queues are wanted of a tap that was made for one.
    case oneQueue(String)
    /// The host refused otherwise.
    case failed(String, Errno)

    /// One line that says what to do.
    public var description: String {
        switch self {
        case .badName(let name): "Tap name \"\(name)\" is not a legal interface name; use 1 to 15 characters"
        case .missing(let name): "Tap \(name) does not exist; create it with: ip tuntap add \(name) mode tap vnet_hdr"
        case .busy(let name): "Tap \(name) is in use by another process; stop that one first or name another tap"
        case .forbidden(let name):
            "Tap \(name) may not be attached to; make this user its owner with: ip tuntap add \(name) mode tap user NAME"
        case .noDriver: "/dev/net/tun does not exist; load the tun module or give the container this device"
        case .notATap(let name): "Interface \(name) is not a tap; name one made with: ip tuntap add … mode tap"
        case .wrongFlags(let name):
            "The descriptor of tap \(name) was opened without IFF_VNET_HDR or without IFF_NO_PI; open it with both"
        case .oneQueue(let name):
            "Tap \(name) has one queue; make it with: ip tuntap add \(name) mode tap vnet_hdr multi_queue"
        case .failed(let name, let error): "Tap \(name) cannot be used (\(error)); check the interface and its driver"
        }
    }
}
