// SPDX-License-Identifier: Apache-2.0
// netload INTERFACE BYTES [SEGMENT]: hands frames of BYTES to an interface as fast as it takes them, until it is ended.
// With SEGMENT they are TCP segments over IPv4, to be cut into pieces of that size by whoever needs them so.
// Prints "ready" when the first ones are on their way. An interface that is full is left alone for a moment, so that
// frames nobody can take do not cost the time of those who would take them.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct header { uint8_t flags, kind; uint16_t length, segment, start, offset; } __attribute__((packed));

static void fill(unsigned char *p, size_t bytes, int segment) {
    static const unsigned char to[6] = {0x02, 0, 0, 0, 0, 0x01}, from[6] = {0x02, 0, 0, 0, 0, 0xFE};
    memcpy(p, to, 6);
    memcpy(p + 6, from, 6);
    p[12] = segment ? 0x08 : 0x88;
    p[13] = segment ? 0x00 : 0xB5;
    if (!segment) return;
    unsigned total = bytes - 14;
    static const unsigned char ip[20] = {0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2};
    memcpy(p + 14, ip, 20);
    p[16] = total >> 8;
    p[17] = total & 255;
    p[34] = p[36] = 0x13;
    p[35] = p[37] = 0x88;
    p[46] = 0x50;
    p[47] = 0x10;
}

int main(int count, char **arguments) {
    if (count < 3) return fputs("netload INTERFACE BYTES [SEGMENT]\n", stderr), 2;
    size_t bytes = strtoul(arguments[2], NULL, 0);
    int segment = count > 3 ? atoi(arguments[3]) : 0;
    if (bytes < 60 || bytes > 65535) return fputs("netload: BYTES must be 60 to 65535\n", stderr), 2;
    int s = socket(AF_PACKET, SOCK_RAW, 0), one = 1;
    struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(arguments[1]) };
    if (s < 0 || !at.sll_ifindex || bind(s, (struct sockaddr *)&at, sizeof at) < 0) return perror("netload"), 1;
    if (setsockopt(s, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one) < 0) return perror("netload: PACKET_VNET_HDR"), 1;
    unsigned char *frame = calloc(1, bytes);
    if (!frame) return 1;
    fill(frame, bytes, segment);
    struct header h = { 0 };
    if (segment) h = (struct header) { 1, 1, 54, (uint16_t)segment, 34, 16 };
    struct iovec parts[2] = { { &h, sizeof h }, { frame, bytes } };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
    // As fast as it goes, and a pause as long as a queue of frames takes to be read when it is full.
    struct timespec pause = { 0, 200000 };
    for (uint64_t sent = 0;;) {
        if (sendmsg(s, &message, 0) >= 0) {
            if (++sent == 1) puts("ready"), fflush(stdout);
        } else if (errno == ENOBUFS || errno == EAGAIN) {
            nanosleep(&pause, NULL);
        } else {
            return perror("netload: send"), 1;
        }
    }
}
