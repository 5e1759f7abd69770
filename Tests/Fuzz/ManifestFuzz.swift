// SPDX-License-Identifier: Apache-2.0

@testable import VMISpec

/// Refuses the input with a reason, or reads a manifest; what is read as JSON reads the same once written.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzManifest(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do throws(JSONSyntaxError) {
        let value = try JSONValue(parsing: bytes)
        let written = JSONValueText.bytes(of: value)
        do throws(JSONSyntaxError) {
            must(try JSONValue(parsing: written) == value, "a value reads differently once written")
        } catch {
            fatalError("what was written does not read: \(error)")
        }
    } catch {
        must(!"\(error)".isEmpty, "an error says nothing")
    }
    do throws(InvalidManifest) {
        let manifest = try VMIManifest.parse(bytes)
        must(!manifest.instance.metadata.name.isEmpty, "a manifest without a name")
        _ = manifest.instance.firmwareUUID
        _ = manifest.instance.guestHostname
    } catch {
        must(!error.problems.isEmpty, "a manifest was refused without a reason")
        for problem in error.problems { must(!problem.message.contains("\n"), "a problem of two lines") }
    }
    return 0
}
