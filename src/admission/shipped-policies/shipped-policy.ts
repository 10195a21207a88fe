// A ValidatingAdmissionPolicy that comes with the cluster. It is no object of the API, so no right in the cluster changes or deletes it.
import type {
  RuleWithOperations,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicySpec,
} from '../../api/types/admissionregistration-v1.ts'
import { fileAnnotation } from '../policy/policy-files.ts'

export interface ShippedPolicy {
  /** A DNS subdomain below `policies.bulkhead.dev`; refusals name it. */
  readonly name: string
  /** One sentence for the documentation: what it refuses, or warns of. */
  readonly does: string
  /** What is possible without it. */
  readonly guard: string
  readonly action: 'Deny' | 'Warn'
  readonly spec: Omit<ValidatingAdmissionPolicySpec, 'matchConstraints'> & {
    readonly matchConstraints: { readonly resourceRules: RuleWithOperations[] }
  }
}

/** In the place of the name of a file. */
const shipped = 'shipped with the cluster'

/** The objects as they would be in the API, with their defaults. */
export function objectsOf({ name, action, spec }: ShippedPolicy): {
  readonly policy: ValidatingAdmissionPolicy
  readonly binding: ValidatingAdmissionPolicyBinding
} {
  const apiVersion = 'admissionregistration.k8s.io/v1'
  const metadata = { name, annotations: { [fileAnnotation]: shipped } }
  return {
    policy: {
      ...{ apiVersion, kind: 'ValidatingAdmissionPolicy', metadata },
      spec: {
        failurePolicy: 'Fail',
        ...spec,
        matchConstraints: { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, ...spec.matchConstraints },
      },
    },
    binding: {
      ...{ apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata },
      spec: { policyName: name, validationActions: [action] },
    },
  }
}
