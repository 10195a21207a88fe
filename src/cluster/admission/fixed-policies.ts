// The policies that the API cannot change, as it lists them: those that come with the cluster, and those of a folder.
import type { ValidatingSource } from '../../admission/policy/policy-kinds.ts'
import type { FilePolicies } from '../../server/paths/file-policies-path.ts'
import type { PolicyFolder } from './policy-folder.ts'

export function fixedPolicies(shipped: ValidatingSource, folder: PolicyFolder | undefined): FilePolicies {
  return {
    validating: {
      policies: () => [...shipped.policies(), ...(folder?.validating.policies() ?? [])],
      bindings: () => [...shipped.bindings(), ...(folder?.validating.bindings() ?? [])],
    },
    mutating: folder?.mutating ?? { policies: () => [], bindings: () => [] },
    problem: () => folder?.problem(),
  }
}
