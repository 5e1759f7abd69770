// SPDX-License-Identifier: Apache-2.0

/// One counted thing of a summary.
struct Figure {
    let name: String
    let value: Int
}
