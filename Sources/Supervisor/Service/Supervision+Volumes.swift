// SPDX-License-Identifier: Apache-2.0

import Control
import HTTP
import Linux
import VMISpec
import Volumes

extension Supervision {
    /// Opens a volume and hands it to the launcher, which attaches it to the running guest.
    func addVolume(_ request: HTTPRequest, _ connection: APIConnection) throws(HTTPError) {
        let body = try document(in: request)
        let attachment: VolumeAttachment
        do throws(InvalidManifest) { attachment = try VolumeAttachment.parse(body) } catch {
            throw HTTPError(.unprocessable, error.description)
        }
        let name = attachment.volume.name
        guard !status.volumes.contains(where: { $0.name == name }) else {
            throw HTTPError(.conflict, "The VM has a volume \(name) already; choose another name or remove it first")
        }
        guard !instance.spec.domain.devices.disableHotplug else {
            throw HTTPError(.conflict, "spec.domain.devices.disableHotplug: volumes neither come nor go")
        }
        var descriptors = DescriptorBundle()
        let attached = attachment.attached
        do throws(VolumeError) {
            let opened = try VolumeSources(claims: options.claims, directory: directory.path).open(
                attached.volume, isReadOnly: attached.isReadOnly, field: "volumeSource", of: instance)
            _ = descriptors.add(opened)
        } catch {
            throw HTTPError(.unprocessable, error.description)
        }
        if attachment.isDryRun { return connection.respond(.done) }
        let disk = Plan.disk(attached, file: DescriptorSlot(rawValue: 0), of: instance.spec.domain)
        var volume = VolumeStatus(name: name, target: "")
        volume.phase = "AttachedToNode"
        status.volumes.append(volume)
        ask(.attachDisk(disk), descriptors: descriptors) { [weak self, weak connection] reply in
            guard let self else { return }
            if reply == .done {
                setPhase("Ready", ofVolume: name)
            } else {
                status.volumes.removeAll { $0.name == name }
            }
            connection?.respond(response(to: reply))
        }
    }

    /// Has the launcher detach a volume that was attached while the guest ran.
    func removeVolume(_ name: String, _ connection: APIConnection) throws(HTTPError) {
        guard let volume = status.volumes.first(where: { $0.name == name }) else {
            throw HTTPError(.notFound, "The VM has no volume \(JSONValue.string(name).text())")
        }
        guard volume.phase != nil else {
            throw HTTPError(.conflict, "Volume \(name) was there from the start and stays")
        }
        setPhase("Detaching", ofVolume: name)
        ask(.detachDisk(name: name)) { [weak self, weak connection] reply in
            guard let self else { return }
            if reply == .done {
                status.volumes.removeAll { $0.name == name }
            } else {
                setPhase("Ready", ofVolume: name)
            }
            connection?.respond(response(to: reply))
        }
    }

    /// Has the launcher make a volume larger, or look at the size that it was given elsewhere; the guest is told.
    func resizeVolume(_ name: String, _ request: HTTPRequest, _ connection: APIConnection) throws(HTTPError) {
        let body = try self.body(of: request, members: ["size"])
        guard status.volumes.contains(where: { $0.name == name }) else {
            throw HTTPError(.notFound, "The VM has no volume \(JSONValue.string(name).text())")
        }
        guard let size = body["size"] else { return pass(.refreshDisk(name: name), connection) }
        guard let text = size.stringValue, let quantity = try? Quantity(text), quantity.value >= 1 else {
            throw HTTPError(.badRequest, "size: must be an amount of storage such as \"20Gi\"")
        }
        pass(.resizeDisk(name: name, bytes: UInt64(clamping: quantity.value)), connection)
    }

    private func setPhase(_ phase: String, ofVolume name: String) {
        for index in status.volumes.indices where status.volumes[index].name == name {
            status.volumes[index].phase = phase
        }
    }
}
