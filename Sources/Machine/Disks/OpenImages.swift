// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Storage
import Synchronization

/// The files of disks by the disks' names: images that keep tables of their own in memory want to be closed, and disks
/// grow while they are served.
final class OpenImages: Sendable {
    private let disks = Mutex<[String: DiskFiles]>([:])

    /// Looks after a disk's files.
    func add(_ files: DiskFiles?, of disk: String) { disks.withLock { $0[disk] = files } }

    /// A disk's files; nil when there is no such disk.
    subscript(_ disk: String) -> DiskFiles? { disks.withLock { $0[disk] } }

    /// Closes the image of a disk that is no more.
    /// - Throws: `MachineError` that names the disk.
    func remove(_ disk: String) throws(MachineError) {
        guard let image = disks.withLock({ $0.removeValue(forKey: disk) })?.chain?.image else { return }
        do throws(Errno) { try image.close() } catch { throw Self.unclosed(disk, error) }
    }

    /// Puts what was written so far on stable storage. An error is not told: the guest's next flush meets it again.
    func flush() { for files in disks.withLock({ $0.values }) { try? files.chain?.image.flush() } }

    /// Closes all; nothing may be in flight.
    /// - Returns: a line for each that could not be closed.
    func close() -> [MachineError] {
        let all = disks.withLock { disks in
            defer { disks = [:] }
            return disks
        }
        return all.sorted { $0.key < $1.key }.compactMap { disk, files in
            do throws(Errno) {
                try files.chain?.image.close()
                return nil
            } catch { return Self.unclosed(disk, error) }
        }
    }

    private static func unclosed(_ disk: String, _ error: Errno) -> MachineError {
        .device("disk \(disk)", "its image cannot be closed (\(error)); look at it with apus image check")
    }
}
