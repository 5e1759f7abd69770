// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Storage
import Synchronization

/// The images that keep tables of their own in memory, by their disks' names.
final class OpenImages: Sendable {
    private let images = Mutex<[String: Qcow2Image]>([:])

    /// Looks after a disk's image; a raw disk has none.
    func add(_ image: Qcow2Image?, of disk: String) { images.withLock { $0[disk] = image } }

    /// Closes the image of a disk that is no more.
    /// - Throws: `MachineError` that names the disk.
    func remove(_ disk: String) throws(MachineError) {
        guard let image = images.withLock({ $0.removeValue(forKey: disk) }) else { return }
        do throws(Errno) { try image.close() } catch { throw Self.unclosed(disk, error) }
    }

    /// Puts what was written so far on stable storage. An error is not told: the guest's next flush meets it again.
    func flush() { for image in images.withLock({ $0.values }) { try? image.flush() } }

    /// Closes all; nothing may be in flight.
    /// - Returns: a line for each that could not be closed.
    func close() -> [MachineError] {
        let all = images.withLock { images in
            defer { images = [:] }
            return images
        }
        return all.sorted { $0.key < $1.key }.compactMap { disk, image in
            do throws(Errno) {
                try image.close()
                return nil
            } catch { return Self.unclosed(disk, error) }
        }
    }

    private static func unclosed(_ disk: String, _ error: Errno) -> MachineError {
        .device("disk \(disk)", "its image cannot be closed (\(error)); look at it with apus image check")
    }
}
