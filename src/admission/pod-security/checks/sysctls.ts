import { safeSysctls } from '../../../api/pods/safe-sysctls.ts'
import type { PodSpec } from '../../../api/types/core-v1.ts'
import { type CheckResult, type PodSecurityCheck, passed } from '../check.ts'

function check(spec: PodSpec, safe: readonly string[]): CheckResult {
  const sysctls = spec.securityContext?.sysctls ?? []
  const bad = sysctls.filter(({ name }) => !safe.includes(name))
  if (bad.length === 0) return passed
  return {
    allowed: false,
    reason: 'forbidden sysctls',
    detail: bad.map(({ name }) => name).join(', '),
    fields: bad.map(sysctl => `spec.securityContext.sysctls[${sysctls.indexOf(sysctl)}].name`),
  }
}

/** Sysctls outside the namespaced, safe ones change the kernel for every pod of the node. */
export const sysctls: PodSecurityCheck = {
  id: 'sysctls',
  level: 'baseline',
  versions: [
    { since: 0, check: ({ spec }) => check(spec, safeSysctls.first) },
    { since: 27, check: ({ spec }) => check(spec, safeSysctls.since27) },
    { since: 29, check: ({ spec }) => check(spec, safeSysctls.since29) },
    { since: 32, check: ({ spec }) => check(spec, safeSysctls.since32) },
  ],
  fix({ spec }) {
    if (spec.securityContext?.sysctls)
      spec.securityContext.sysctls = spec.securityContext.sysctls.filter(({ name }) => safeSysctls.first.includes(name))
  },
}
