// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Why a kernel cannot be started; the description is one line that names the file's fault and the remedy.
public enum BootError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The two files a boot reads.
    public enum File: String, Sendable {
        /// The kernel image.
        case kernel
        /// The initial RAM disk.
        case initrd
    }

    /// The system refused to read the file.
    case unreadable(File, Errno)
    /// The descriptor is a directory, a pipe, a socket or a device.
    case notRegular(File)
    /// The file has no bytes.
    case empty(File)
    /// The file is shorter than its own header says.
    case truncated(File, promised: UInt64, actual: UInt64)
    /// The content is no kernel for this machine; the text says what it is and what to do.
    case notAKernel(String)
    /// It is a kernel, but not one we can start; the text says why and what to do.
    case unsupported(String)
    /// A header contradicts itself.
    case malformed(String)
    /// The kernel's place is outside guest memory.
    case kernelDoesNotFit(start: UInt64, end: UInt64, memory: UInt64)
    /// No place is left for the initrd.
    case initrdDoesNotFit(bytes: UInt64, below: UInt64, memory: UInt64)
    /// The command line is longer than the kernel or the loader takes.
    case commandLineTooLong(bytes: Int, limit: UInt64)
    /// The command line contains a NUL byte.
    case commandLineHasNUL
    /// The firmware tables of this many CPUs do not fit.
    case tablesDoNotFit(bytes: Int, memory: UInt64)

    /// One line: what is wrong, and what to do.
    public var description: String {
        switch self {
        case .unreadable(let file, let errno):
            "The \(file.rawValue) cannot be read: \(errno)"
        case .notRegular(let file):
            "The \(file.rawValue) is not a regular file; give the path of an image file"
        case .empty(let file):
            "The \(file.rawValue) is empty; copy it again"
        case .truncated(let file, let promised, let actual):
            "The \(file.rawValue) is truncated: its header promises \(promised) bytes, the file has \(actual);"
                + " copy it again"
        case .notAKernel(let what):
            "The kernel \(what)"
        case .unsupported(let what):
            "The kernel \(what)"
        case .malformed(let what):
            "The kernel is damaged: \(what); copy it again"
        case .kernelDoesNotFit(let start, let end, let memory):
            "The kernel needs guest memory from \(Self.mib(start)) to \(Self.mib(end)),"
                + " the guest has \(Self.mib(memory)); give the guest more memory"
        case .initrdDoesNotFit(let bytes, let below, let memory):
            "An initrd of \(Self.mib(bytes)) does not fit below \(Self.mib(below)) in \(Self.mib(memory)) of memory;"
                + " give the guest more memory or use a smaller initrd"
        case .commandLineTooLong(let bytes, let limit):
            "The kernel command line has \(bytes) bytes, this kernel takes \(limit); shorten it"
        case .commandLineHasNUL:
            "The kernel command line contains a NUL byte; remove it"
        case .tablesDoNotFit(let bytes, let memory):
            "The firmware tables need \(bytes) bytes, which \(Self.mib(memory)) of memory do not have;"
                + " give the guest more memory or fewer CPUs"
        }
    }

    /// A byte count in MiB, rounded up to a tenth so that a need is never understated.
    private static func mib(_ bytes: UInt64) -> String {
        let (whole, rest) = bytes.quotientAndRemainder(dividingBy: 1 << 20)
        if rest == 0 { return "\(whole) MiB" }
        let tenths = (rest * 10 + (1 << 20) - 1) >> 20
        return tenths == 10 ? "\(whole + 1) MiB" : "\(whole).\(tenths) MiB"
    }
}
