// What of Kubernetes v1.33 is off by default and can be switched on, as kube-apiserver is told: a feature by its gate, a group version by
// `runtimeConfig`. Some need both.
import { UserError } from '../base/user-error.ts'

/** In a form that can be handed from process to process. */
export interface Features {
  /** Group versions that are served beside the usual ones. */
  readonly groupVersions: readonly string[]
  /** Whether policies that mutate are evaluated. */
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

/** Throws a UserError that names what is unknown or missing. */
export function readFeatures({ featureGates, runtimeConfig }: FeatureSwitches): Features {
  known('featureGates', featureGates, gates)
  known('runtimeConfig', runtimeConfig, groupVersions)
  const served = groupVersions.filter(name => runtimeConfig[name] === true)
  const mutatingAdmissionPolicy = featureGates['MutatingAdmissionPolicy'] === true
  // Upstream starts, and then refuses every write because policies that it cannot read might concern it.
  if (mutatingAdmissionPolicy && !served.includes(alphaAdmission)) {
    throw new UserError(`featureGates: MutatingAdmissionPolicy needs its kinds: give runtimeConfig ${alphaAdmission}=true too`)
  }
  return { groupVersions: served, mutatingAdmissionPolicy }
}

function known(setting: string, given: Readonly<Record<string, boolean>>, names: readonly string[]): void {
  const odd = Object.keys(given).find(name => !names.includes(name))
  if (odd !== undefined) throw new UserError(`${setting}: unknown "${odd}"; known are ${names.join(', ')}`)
}
