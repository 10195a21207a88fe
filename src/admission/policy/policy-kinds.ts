// The two kinds of policies with their bindings: which resources keep them, and how their sources, indexes and parts are called.
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../api/types/admissionregistration-v1.ts'
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from '../../api/types/admissionregistration-v1alpha1.ts'
import type { ClusterChanges, ClusterReader } from '../admission.ts'
import type { CompiledMutations } from './compile-mutations.ts'
import type { CompiledPolicy } from './compile-policy.ts'
import type { AnyBinding, AnyPolicy, BoundPolicy, PolicySource } from './policy-index.ts'

export type ValidatingSource = PolicySource<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>
export type MutatingSource = PolicySource<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>
export type BoundValidatingPolicy = BoundPolicy<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, CompiledPolicy>
export type BoundMutatingPolicy = BoundPolicy<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, CompiledMutations>

/** The policies that the API keeps. */
export const storedPolicies = (reader: ClusterReader, changes: ClusterChanges): ValidatingSource =>
  stored('validatingadmissionpolicies', 'validatingadmissionpolicybindings', reader, changes)
export const storedMutatingPolicies = (reader: ClusterReader, changes: ClusterChanges): MutatingSource =>
  stored('mutatingadmissionpolicies', 'mutatingadmissionpolicybindings', reader, changes)

/** The schema of each resource decoded its objects. */
function stored<P extends AnyPolicy, B extends AnyBinding>(
  policies: string,
  bindings: string,
  reader: ClusterReader,
  changes: ClusterChanges,
): PolicySource<P, B> {
  const list = <T>(plural: string): readonly T[] =>
    reader.list(`${plural}.admissionregistration.k8s.io`) as readonly unknown[] as readonly T[]
  return {
    policies: () => list<P>(policies),
    bindings: () => list<B>(bindings),
    onChange(changed) {
      for (const plural of [policies, bindings]) changes.onChange(`${plural}.admissionregistration.k8s.io`, changed)
    },
  }
}
