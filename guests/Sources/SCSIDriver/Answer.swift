// SPDX-License-Identifier: Apache-2.0

/// How a command ended: transport's response, status, and the sense data's key and code.
struct Answer {
    let response: UInt8
    let status: UInt8
    let key: UInt8
    let code: UInt8
    let qualifier: UInt8

    var isGood: Bool { response == 0 && status == 0 }
    /// The answer in one number, for a failure's line.
    var number: UInt64 {
        UInt64(response) << 32 | UInt64(status) << 24 | UInt64(key) << 16 | UInt64(code) << 8 | UInt64(qualifier)
    }
}
