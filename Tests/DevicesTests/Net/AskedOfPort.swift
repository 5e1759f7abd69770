// SPDX-License-Identifier: Apache-2.0

import Network
import Synchronization

/// What a card has asked of the host behind its port; nil for what it never did.
final class AskedOfPort: Sendable {
    let offloads = Mutex<Offloads?>(nil)
    let isAttached = Mutex<Bool?>(nil)
    let carrier = Mutex<Bool?>(nil)
    let filter = Mutex<DestinationFilter?>(nil)
}
