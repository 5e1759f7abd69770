// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// The ioctls of vhost devices that a thread makes after its cage has closed, for those who filter them.
public enum VhostRequest {
    /// What every kind of vhost device needs to start, stop and log its rings.
    public static let rings = [
        CLINUX_VHOST_SET_FEATURES, CLINUX_VHOST_SET_MEM_TABLE, CLINUX_VHOST_SET_LOG_BASE, CLINUX_VHOST_SET_VRING_NUM,
        CLINUX_VHOST_SET_VRING_ADDR, CLINUX_VHOST_SET_VRING_BASE, CLINUX_VHOST_GET_VRING_BASE,
        CLINUX_VHOST_SET_VRING_KICK, CLINUX_VHOST_SET_VRING_CALL, CLINUX_VHOST_SET_VRING_ERR,
    ]
    /// VHOST_NET_SET_BACKEND.
    public static let netBackend = CLINUX_VHOST_NET_SET_BACKEND
    /// VHOST_VSOCK_SET_RUNNING.
    public static let vsockRunning = CLINUX_VHOST_VSOCK_SET_RUNNING
}
