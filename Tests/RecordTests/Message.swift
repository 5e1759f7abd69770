// SPDX-License-Identifier: Apache-2.0

import Record

/// The message of the error that `body` throws, or nil.
func message<Value>(_ body: () throws(RecordError) -> Value) -> String? {
    do {
        _ = try body()
        return nil
    } catch {
        return error.description
    }
}
