// SPDX-License-Identifier: Apache-2.0

extension DomainSpec {
    /// The size of the guest's memory, what the host is asked for it, and the pages it lies in.
    func validateMemory(at path: FieldPath, report: Report) {
        let memoryPath = path.child("memory")
        let guestPath = memoryPath.child("guest")
        let requests = path.child("resources").child("requests").child("memory")
        let limits = path.child("resources").child("limits").child("memory")
        if let request = resources.requestedMemory {
            if let limit = resources.memoryLimit, request > limit, !limit.isZero {
                report.refuse(requests, "'\(request)' is greater than \(limits.shown) '\(limit)'; lower it")
            }
            if request.value > 0, request.value < 1_000_000 {
                report.refuse(requests, "'\(request)': must be greater than or equal to 1M")
            }
        }
        validateHugepageSize(at: memoryPath.child("hugepages").child("pageSize"), report: report)
        guard let guest = memory.guest else {
            if !report.hasProblem(at: requests), !report.hasProblem(at: limits) {
                report.refuse(
                    guestPath,
                    "no memory requested; set it, \(memoryPath.child("hugepages").child("pageSize").shown) or \(requests.shown)"
                )
            }
            return
        }
        let source = memory.hasExplicitGuest ? guestPath : sourceOfMemory(at: path)
        if guest.value < 0 || UInt64(guest.value.magnitude) < Support.leastMemory {
            report.refuse(source, "'\(guest)' is too little memory for a guest; must be at least 16Mi")
        } else if UInt64(guest.value.magnitude) > Support.mostMemory {
            report.refuse(source, "'\(guest)' is more memory than a guest can address; must be at most 64Ti")
        }
        if memory.hasExplicitGuest, let limit = resources.memoryLimit, !limit.isZero, guest > limit {
            report.refuse(
                guestPath, "'\(guest)' must be equal to or less than the memory limit \(limits.shown) '\(limit)'")
        }
        if let maxGuest = memory.maxGuest, maxGuest != guest {
            report.refuse(
                memoryPath.child("maxGuest"),
                "memory cannot be added to a running guest; remove the field or set it to '\(guest)'")
        }
        validateHugepageMultiple(of: guest, at: source, requests: requests, report: report)
    }

    private func sourceOfMemory(at path: FieldPath) -> FieldPath {
        let resources = path.child("resources")
        if self.resources.requestedMemory.map({ !$0.isZero }) ?? false {
            return resources.child("requests").child("memory")
        }
        if self.resources.memoryLimit.map({ !$0.isZero }) ?? false {
            return resources.child("limits").child("memory")
        }
        return path.child("memory").child("guest")
    }

    private func validateHugepageSize(at path: FieldPath, report: Report) {
        guard let size = memory.hugepageSize else { return }
        if !size.isWhole || !Support.hugepageSizes.contains(UInt64(clamping: size.value)) {
            report.refuse(path, "'\(size)' is no size of huge pages; use 2Mi or 1Gi")
        }
    }

    /// KubeVirt asks that the request be whole huge pages, and the guest has to be as well.
    private func validateHugepageMultiple(
        of guest: Quantity, at source: FieldPath, requests: FieldPath, report: Report
    ) {
        guard let size = memory.hugepageSize, let bytes = memory.hugepageBytes, Support.hugepageSizes.contains(bytes)
        else { return }
        let amounts = [(source, guest)] + (resources.requestedMemory.map { [(requests, $0)] } ?? [])
        for (field, amount) in amounts where !amount.isZero {
            if UInt64(clamping: amount.value) < bytes {
                report.refuse(field, "'\(amount)' must be equal to or larger than page size '\(size)'")
            } else if !amount.isWhole || UInt64(clamping: amount.value) % bytes != 0 {
                report.refuse(field, "'\(amount)' is not a multiple of the page size '\(size)'; round it")
            }
        }
    }
}
