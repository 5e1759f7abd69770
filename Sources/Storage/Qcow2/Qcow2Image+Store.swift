// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux
import Synchronization

extension Qcow2Image {
    /// Puts every completed write on stable storage, tables included.
    /// - Throws: `Errno`.
    public func flush() throws(Errno) {
        try locked { () throws(Errno) in
            guard !isReadOnly else { return }
            if needsStore.load(ordering: .acquiring) {
                try storeLocked()
            } else {
                try dataFile?.sync()
                try file.sync()
            }
        }
    }

    /// Writes the tables, each after what it names.
    func storeLocked() throws(Errno) {
        guard let refcounts else { return }
        guard !isBroken.load(ordering: .relaxed) else { throw Errno(code: EIO, call: "qcow2") }
        try refcounts.store()
        try dataFile?.sync()
        // Data, refcounts and the first contents of new tables; what follows names them.
        try file.sync()
        var slice = [UInt8](repeating: 0, count: geometry.sliceBytes)
        let perTable = geometry.tableBits &- geometry.sliceBits
        for slot in cache.dirty {
            let number = cache.slice(in: slot)
            let table = l1[Int(number >> perTable)] & L2Entry.offsetMask
            let within = (number & ((1 << perTable) &- 1)) &* UInt64(geometry.sliceBytes)
            // SAFETY: the array is a slice.
            unsafe slice.withUnsafeMutableBytes { p in
                if let base = p.baseAddress { unsafe cache.encode(slot, into: base) }
            }
            try file.write(slice, at: table &+ within)
        }
        if let range = dirtyL1 {
            try file.write(
                l1[range].flatMap { BigEndian.bytes($0) }, at: header.l1Offset &+ UInt64(range.lowerBound) &* 8)
        }
        try file.sync()
        cache.markClean()
        dirtyL1 = nil
        needsStore.store(false, ordering: .releasing)
        limbo.seal(epoch.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue)
        reclaimLocked()
    }

    /// Puts everything into the file, gives freed clusters back and takes off the file's unused end.
    /// - Throws: `Errno`; the image stays usable.
    public func close() throws(Errno) {
        try locked { () throws(Errno) in
            guard let refcounts, !isReadOnly, !isBroken.load(ordering: .relaxed) else { return }
            if needsStore.load(ordering: .acquiring) || !limbo.isEmpty { try storeLocked() }
            guard refcounts.hasDirty || isGrown else { return }
            if isGrown, file.canGrow {
                var end = geometry.clusters(file.bytes)
                while end > 1, try refcounts.count(of: end &- 1) == 0 { end &-= 1 }
                try file.resize(to: end << geometry.clusterBits)
                isGrown = false
            }
            try refcounts.store()
            try file.sync()
        }
    }

    /// Registers an engine whose operations free clusters must wait for.
    func register(_ engine: EngineEpochs) { lock.withLock { _ in engines.append(engine) } }

    /// Forgets an engine that has nothing in flight.
    func unregister(_ engine: EngineEpochs) {
        lock.withLock { _ in engines.removeAll { $0 === engine } }
    }
}
