// With an external IP, the author of a Service can intercept traffic for others (CVE-2020-8554).
import { forbidden } from '../../api/status.ts'
import type { Service } from '../../api/types/core-v1.ts'
import { admitted } from '../admission.ts'
import type { PluginDefinition } from '../plugin-definition.ts'

export const denyServiceExternalIps: PluginDefinition = {
  name: 'DenyServiceExternalIPs',
  does: 'Refuses new external IPs in Services',
  on: 'secure',
  guard: "authors of Services can take other Services' traffic (CVE-2020-8554)",
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: ['services'] }],
  status: [{ name: 'no external IPs in Services', note: 'DenyServiceExternalIPs' }],
  create: () => ({
    async validate({ object, oldObject, resource, name }) {
      const before = new Set((oldObject as Service | undefined)?.spec.externalIPs ?? [])
      const added = ((object as Service | undefined)?.spec.externalIPs ?? []).filter(ip => !before.has(ip))
      if (added.length === 0) return admitted
      return { allowed: false, error: forbidden(resource, name, 'Use of external IPs is denied by admission control.') }
    },
  }),
}
