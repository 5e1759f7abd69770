// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Makes the engines of one disk, one a queue, all of the same kind over the same files.
public final class FileEngines: Sendable {
    /// Operations in flight of one queue.
    public static let depth = 128
    /// Threads of a disk's pool.
    public static let poolThreads = 16

    /// Who carries operations out.
    public let kind: FileEngineKind
    private let files: [ImageFile]
    private let pool: IOPool?
    private let depth: Int

    /// Engines over these files; starts the threads of a pool.
    /// - Parameters:
    ///   - queues: how many engines there will be.
    ///   - name: of the pool's threads.
    ///   - cpus: where the pool's threads may run; the creator's set when nil.
    ///   - onStart: runs first on each of the pool's threads.
    /// - Throws: `Errno` when the kernel has no descriptor, memory or thread left.
    public init(
        _ files: [ImageFile], kind: FileEngineKind, queues: Int = 1, depth: Int = FileEngines.depth,
        threads: Int = FileEngines.poolThreads, name: String = "io", cpus: CPUSet? = nil,
        onStart: (@Sendable () -> Void)? = nil
    ) throws(Errno) {
        pool =
            kind == .pool
            ? try IOPool(
                files, engines: queues, depth: depth, threads: threads, name: name, cpus: cpus, onStart: onStart)
            : nil
        self.kind = kind
        self.files = files
        self.depth = depth
    }

    /// The engine of a queue; once a queue.
    /// - Throws: `Errno` when the kernel has no descriptor or memory left.
    public func engine(_ queue: Int) throws(Errno) -> HostFiles {
        if let pool { return HostFiles(files, pool: try PoolFiles(pool, engine: queue)) }
        if kind == .ring { return HostFiles(files, ring: try RingFiles(files, depth: depth)) }
        return try HostFiles(files)
    }
}
