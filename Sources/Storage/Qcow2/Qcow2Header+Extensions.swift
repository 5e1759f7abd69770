// SPDX-License-Identifier: Apache-2.0

extension Qcow2Header {
    /// Header extension types (qcow2, "Header extensions").
    enum Extension {
        static let backingFormat: UInt32 = 0xE279_2ACA
        static let featureNames: UInt32 = 0x6803_F857
        static let bitmaps: UInt32 = 0x2385_2875
        static let encryption: UInt32 = 0x0537_BE77
        static let dataFile: UInt32 = 0x4441_5441
    }

    mutating func parseExtensions(_ fields: Fields) throws(Qcow2Error) {
        // A version 2 image has none where its backing file's name already starts.
        let backing = try fields.number(UInt64.self, 8)
        let end = backing >= UInt64(headerBytes) && backing < clusterBytes ? Int(backing) : Int(clusterBytes)
        var at = headerBytes
        while let (type, count) = fields.extensionHead(at, before: end) {
            let start = at + 8
            guard count <= end - start else {
                throw Qcow2Error(
                    fields.image, "header extension at \(at) is \(count) bytes long and leaves the first cluster")
            }
            switch type {
            case Extension.backingFormat: backingFormat = fields.text(start, count)
            case Extension.dataFile: dataFile = fields.text(start, count)
            case Extension.encryption:
                throw Qcow2Error(fields.image, "is encrypted (LUKS), which is not supported")
            case Extension.bitmaps:
                bitmaps = Qcow2BitmapDirectory(
                    count: Int(try fields.number(UInt32.self, start)), bytes: try fields.number(UInt64.self, start + 8),
                    offset: try fields.number(UInt64.self, start + 16))
            default: break
            }
            at = start + (count + 7) / 8 * 8
        }
    }

    /// The bytes of a header and what it says, with big-endian access that names what is wrong.
    struct Fields {
        let bytes: [UInt8]
        let image: String

        init(_ bytes: [UInt8], _ image: String) {
            self.bytes = bytes
            self.image = image
        }

        func number<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type, _ at: Int) throws(Qcow2Error) -> T {
            guard let value = BigEndian.load(type, bytes, at) else {
                throw Qcow2Error(image, "ends within its header; restore it from a whole copy")
            }
            return value
        }

        func number(
            _ type: UInt32.Type, _ at: Int, _ name: String, in range: ClosedRange<Int>
        ) throws(Qcow2Error) -> Int {
            let value = Int(try number(type, at))
            guard range.contains(value) else {
                throw wrong(name, value, "be from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }

        /// An offset of a table of so many bytes: aligned, and within what an entry can name (56 bits).
        func offset(_ at: Int, _ name: String, _ clusterBytes: UInt64, bytes: UInt64) throws(Qcow2Error) -> UInt64 {
            let value = try number(UInt64.self, at)
            guard value % clusterBytes == 0 else {
                throw Qcow2Error(image, "\(name) is \(value) and must be a multiple of \(clusterBytes)")
            }
            guard bytes <= 1 << 56, value <= (1 << 56) - bytes else {
                throw Qcow2Error(image, "\(name) is \(value), behind any file's end")
            }
            return value
        }

        func wrong(_ name: String, _ value: Int, _ rule: String) -> Qcow2Error {
            Qcow2Error(image, "\(name) is \(value) and must \(rule)")
        }

        func text(_ at: Int, _ count: Int) -> String? {
            guard at >= 0, count >= 0, at <= bytes.count, count <= bytes.count - at else { return nil }
            let part = bytes[at..<at + count].prefix { $0 != 0 }
            return String(validating: part, as: UTF8.self)
        }

        /// Type and length of the extension at `at`; nil where the area ends.
        func extensionHead(_ at: Int, before end: Int) -> (UInt32, Int)? {
            guard at + 8 <= end, let type = BigEndian.load(UInt32.self, bytes, at), type != 0,
                let count = BigEndian.load(UInt32.self, bytes, at + 4)
            else { return nil }
            return (type, Int(count))
        }

        /// What the image itself calls a feature bit.
        func featureName(_ field: Qcow2Feature.Field, bit: Int, from start: Int) -> String? {
            var at = start
            while let (type, count) = extensionHead(at, before: bytes.count), count <= bytes.count - at - 8 {
                if type == Extension.featureNames {
                    for entry in stride(from: at + 8, through: at + 8 + count - 48, by: 48)
                    where bytes[entry] == field.rawValue && Int(bytes[entry + 1]) == bit {
                        return text(entry + 2, 46)
                    }
                }
                at += 8 + (count + 7) / 8 * 8
            }
            return nil
        }
    }
}
