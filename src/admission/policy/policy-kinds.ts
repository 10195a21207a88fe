// The two kinds of policies with their bindings: their resources, sources, indexes and names.
import type { StoreView } from '../../api/store-view.ts'
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../api/types/admissionregistration-v1.ts'
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from '../../api/types/admissionregistration-v1alpha1.ts'
import type { CompiledMutations } from './compile-mutations.ts'
import type { CompiledPolicy } from './compile-policy.ts'
import type { AnyBinding, AnyPolicy, BoundPolicy, PolicySource } from './policy-index.ts'

export type ValidatingSource = PolicySource<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>
export type MutatingSource = PolicySource<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>
export type BoundValidatingPolicy = BoundPolicy<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, CompiledPolicy>
export type BoundMutatingPolicy = BoundPolicy<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, CompiledMutations>

type PolicyView = Pick<StoreView, 'list' | 'follow'>

/** The policies in the API. */
export const storedPolicies = (view: PolicyView): ValidatingSource =>
  stored('validatingadmissionpolicies', 'validatingadmissionpolicybindings', view)
export const storedMutatingPolicies = (view: PolicyView): MutatingSource =>
  stored('mutatingadmissionpolicies', 'mutatingadmissionpolicybindings', view)

/** The schema of each resource decoded its objects. */
function stored<P extends AnyPolicy, B extends AnyBinding>(policies: string, bindings: string, view: PolicyView): PolicySource<P, B> {
  const list = <T>(plural: string): readonly T[] =>
    view.list(`${plural}.admissionregistration.k8s.io`) as readonly unknown[] as readonly T[]
  return {
    policies: () => list<P>(policies),
    bindings: () => list<B>(bindings),
    onChange(changed) {
      for (const plural of [policies, bindings]) view.follow(`${plural}.admissionregistration.k8s.io`, changed)
    },
  }
}
