// SPDX-License-Identifier: Apache-2.0

/// What `--help` and `--version` print.
enum Help {
    static let version = "0.1.0"

    static let text = """
        apus-launcher runs one virtual machine on KVM. A supervisor usually starts it with --control-fd and sends
        everything else over that socket; the other flags are for benchmarks and debugging.

          --kernel FILE          bzImage, or ELF with a PVH note
          --initrd FILE          initial RAM disk
          --cmdline TEXT         kernel command line (default: console=ttyS0)
          --cpus N               vCPUs, or sockets=S,cores=C,threads=T (default: 1)
          --memory SIZE          guest memory such as 512M or 8G (default: 512M)
          --hugepages SIZE       back it by the host's 2M or 1G pages
          --prefault THREADS     touch all of it before the guest starts
          --disk path=FILE[,readonly=on][,serial=TEXT]
                                 virtio-blk on a raw file or block device; may be given several times
          --net tap=NAME[,mac=ADDRESS]
                                 virtio-net on an existing tap; may be given several times
          --rng                  virtio-rng
          --vsock CID            virtio-vsock on /dev/vhost-vsock, the guest at this context ID
          --serial WHERE         stdio (default), unix:PATH or none
          --sandbox on|off       confine the process before the guest runs (default: on)
          --name TEXT            the machine's name in messages
          --control-fd N         take configuration and requests from this connected unix socket
          --help, --version

        The exit status is 0 when the guest switched its power off, 1 when the machine failed or panicked, 2 when the
        flags make no sense.
        """
}
