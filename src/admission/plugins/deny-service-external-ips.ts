// An external IP lets a Service's author take traffic that is meant for somebody else (CVE-2020-8554).
import { forbidden } from '../../api/status.ts'
import type { Service } from '../../api/types/core-v1.ts'
import { type AdmissionPlugin, admitted } from '../admission.ts'

export const denyServiceExternalIps: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  handles: ({ resource, subresource, operation }) =>
    resource.group === '' && resource.plural === 'services' && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
  validate({ object, oldObject, resource, name }) {
    const before = new Set((oldObject as Service | undefined)?.spec.externalIPs ?? [])
    const added = ((object as Service | undefined)?.spec.externalIPs ?? []).filter(ip => !before.has(ip))
    if (added.length === 0) return admitted
    return { allowed: false, error: forbidden(resource, name, 'Use of external IPs is denied by admission control.') }
  },
}
