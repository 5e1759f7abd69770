// SPDX-License-Identifier: Apache-2.0
// Sockets of the network room: netlink, UDP bound to a device, taps that filter. Included by CLinux.h.
#pragma once
#include <linux/capability.h>
#include <linux/filter.h>
#include <netinet/in.h>

/// A socket for rtnetlink(7) that waits at most five seconds for an answer; errors come with the kernel's own words.
static inline long clinux_netlink_route(void) {
    int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0 /* NETLINK_ROUTE */);
    if (s < 0) return -(long)errno;
    int on = 1;
    struct timeval patience = { .tv_sec = 5 };
    setsockopt(s, 270 /* SOL_NETLINK */, 11 /* NETLINK_EXT_ACK */, &on, sizeof on);
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return s;
}
static inline long clinux_send(int fd, const void *p, size_t n, int flags) { return CLINUX_RESULT(send(fd, p, n, flags | MSG_NOSIGNAL)); }
/// The datagram's true size, which may be more than was stored, with MSG_TRUNC.
static inline long clinux_receive(int fd, void *p, size_t n, int flags) { return CLINUX_RESULT(recv(fd, p, n, flags)); }

/// The other end of a UDP datagram: an IPv4 address has its bytes first and the rest zero.
struct clinux_peer {
    unsigned char address[16];
    unsigned scope; // the interface of a link-local IPv6 address
    unsigned short port;
    unsigned short is_ipv6;
};
/// A non-blocking UDP socket on every address of one device and one family.
static inline long clinux_udp_server(int ipv6, unsigned short port, const char *device) {
    int s = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s < 0) return -(long)errno;
    int on = 1;
    long r = CLINUX_RESULT(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    if (r == 0) r = CLINUX_RESULT(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device) + 1));
    if (r == 0 && !ipv6) r = CLINUX_RESULT(setsockopt(s, SOL_SOCKET, SO_BROADCAST, &on, sizeof on));
    if (r == 0 && ipv6) r = CLINUX_RESULT(setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
    if (r == 0 && ipv6) {
        struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
        r = CLINUX_RESULT(bind(s, (struct sockaddr *)&a, sizeof a));
    } else if (r == 0) {
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
        r = CLINUX_RESULT(bind(s, (struct sockaddr *)&a, sizeof a));
    }
    if (r < 0) { close(s); return r; }
    return s;
}
/// Joins an IPv6 group on one interface.
static inline long clinux_join_group(int fd, const unsigned char *group, unsigned interface) {
    struct ipv6_mreq m = { .ipv6mr_interface = interface };
    memcpy(&m.ipv6mr_multiaddr, group, 16);
    return CLINUX_RESULT(setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &m, sizeof m));
}
static inline long clinux_receive_from(int fd, void *p, size_t n, struct clinux_peer *peer) {
    union { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; } a;
    socklen_t size = sizeof a;
    memset(&a, 0, sizeof a);
    long r = CLINUX_RESULT(recvfrom(fd, p, n, MSG_TRUNC, &a.any, &size));
    memset(peer, 0, sizeof *peer);
    if (a.any.sa_family == AF_INET6) {
        memcpy(peer->address, &a.v6.sin6_addr, 16);
        peer->scope = a.v6.sin6_scope_id;
        peer->port = ntohs(a.v6.sin6_port);
        peer->is_ipv6 = 1;
    } else {
        memcpy(peer->address, &a.v4.sin_addr, 4);
        peer->port = ntohs(a.v4.sin_port);
    }
    return r;
}
static inline long clinux_send_to(int fd, const void *p, size_t n, const struct clinux_peer *peer) {
    if (peer->is_ipv6) {
        struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(peer->port), .sin6_scope_id = peer->scope };
        memcpy(&a.sin6_addr, peer->address, 16);
        return CLINUX_RESULT(sendto(fd, p, n, MSG_NOSIGNAL, (struct sockaddr *)&a, sizeof a));
    }
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(peer->port) };
    memcpy(&a.sin_addr, peer->address, 4);
    return CLINUX_RESULT(sendto(fd, p, n, MSG_NOSIGNAL, (struct sockaddr *)&a, sizeof a));
}

/// Hands a tap's reader only Router Solicitations (RFC 4861 §4.1): IPv6, next header ICMPv6, type 133. For taps without a virtio-net header.
static inline long clinux_tun_only_solicitations(int fd) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x86DD, 0, 5),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 58, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 133, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xFFFF), BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = { .len = sizeof code / sizeof *code, .filter = code };
    return CLINUX_RESULT(ioctl(fd, TUNATTACHFILTER, &program));
}

/// The effective capabilities of the calling thread, a bit each.
static inline uint64_t clinux_effective_capabilities(void) {
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { { 0 } };
    if (syscall(SYS_capget, &header, data) < 0) return 0;
    return (uint64_t)data[1].effective << 32 | data[0].effective;
}
/// The inode of the calling thread's network namespace, which tells it from every other.
static inline uint64_t clinux_network_namespace(void) {
    struct stat s;
    return stat("/proc/thread-self/ns/net", &s) == 0 ? (uint64_t)s.st_ino : 0;
}
/// Moves the calling thread into the network namespace behind an open file of /proc.
static inline long clinux_enter_network_namespace(int fd) { return CLINUX_RESULT(setns(fd, CLONE_NEWNET)); }
