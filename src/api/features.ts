// Features of Kubernetes v1.33 that are off by default and can be enabled like kube-apiserver's: a feature by its gate, a group version by
// `runtimeConfig`. Some need both.
import { UserError } from '../base/user-error.ts'

/** In a form that can be passed from process to process. */
export interface Features {
  /** Group versions that are served in addition to the usual ones. */
  readonly groupVersions: readonly string[]
  /** Whether mutating policies are evaluated. */
  readonly mutatingAdmissionPolicy: boolean
}

export const noFeatures: Features = { groupVersions: [], mutatingAdmissionPolicy: false }

export interface FeatureSwitches {
  /** By the name of the gate. */
  readonly featureGates: Readonly<Record<string, boolean>>
  /** By group version. */
  readonly runtimeConfig: Readonly<Record<string, boolean>>
}

const gates = ['MutatingAdmissionPolicy']
const alphaAdmission = 'admissionregistration.k8s.io/v1alpha1'
const groupVersions = [alphaAdmission]

/** Throws a UserError that names unknown or missing ones. */
export function readFeatures({ featureGates, runtimeConfig }: FeatureSwitches): Features {
  known('featureGates', featureGates, gates)
  known('runtimeConfig', runtimeConfig, groupVersions)
  const served = groupVersions.filter(name => runtimeConfig[name] === true)
  const mutatingAdmissionPolicy = featureGates['MutatingAdmissionPolicy'] === true
  // Upstream starts, and then rejects every write, because policies that it cannot read might apply.
  if (mutatingAdmissionPolicy && !served.includes(alphaAdmission)) {
    throw new UserError(`featureGates: MutatingAdmissionPolicy needs its kinds: give runtimeConfig ${alphaAdmission}=true too`)
  }
  return { groupVersions: served, mutatingAdmissionPolicy }
}

function known(setting: string, given: Readonly<Record<string, boolean>>, names: readonly string[]): void {
  const odd = Object.keys(given).find(name => !names.includes(name))
  if (odd !== undefined) throw new UserError(`${setting}: unknown "${odd}"; known are ${names.join(', ')}`)
}
