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
          --disk path=FILE[,KEY=VALUE...]
                                 a disk on a file or block device; may be given several times. Keys:
                                 format=raw|qcow2, backing=FILE (top layer first, each followed by its
                                 backing-format= and backing-data-file=), data-file=FILE, bus=virtio|scsi,
                                 kind=disk|lun|cdrom (a cdrom needs no path), serial=TEXT, readonly=on,
                                 shareable=on, cache=none|writethrough|writeback, io=native|threads, queues=N,
                                 error-policy=stop|report|ignore|enospace, logical-block=BYTES,
                                 physical-block=BYTES, iops=N, iops-burst=N, bps=SIZE, bps-burst=SIZE
          --net tap=NAME[,mac=ADDRESS][,queues=N][,vhost=on][,link=off][,receive=BYTES][,send=BYTES]
                                 virtio-net on an existing tap; may be given several times
          --rng                  virtio-rng
          --balloon on|off       virtio-balloon (default: off), or reporting=on|off,statistics=SECONDS
          --watchdog ACTION      i6300esb, and what it does: reset, poweroff, shutdown, pause, inject-nmi or none
          --channel name=NAME,path=PATH
                                 a virtio-console port that whoever connects to PATH speaks to; several times
          --terminal WHERE       hvc0: stdio, unix:PATH or none (default)
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
