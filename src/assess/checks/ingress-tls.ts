import type { Ingress } from '../../api/types/networking-v1.ts'
import type { ManifestCheck } from '../manifest-check.ts'

/** Without TLS, everybody on the network path can read and change the traffic of users. */
export const ingressTls: ManifestCheck = {
  id: 'ingress-tls',
  severity: 'warning',
  title: 'Each host of an Ingress has TLS',
  serves: ['S5', 'A9', 'NSA encryption'],
  check: set =>
    set.of('ingresses.networking.k8s.io').flatMap(on => {
      const { rules = [], tls = [] } = (on.object as Ingress).spec ?? {}
      const covered = (host: string) =>
        tls.some(({ hosts = [] }) => hosts.length === 0 || hosts.includes(host) || hosts.includes(host.replace(/^[^.]+/, '*')))
      return rules.flatMap(({ host = '' }, index) =>
        covered(host)
          ? []
          : [{ on, field: `spec.rules[${index}]`, message: host === '' ? 'the rule has no TLS' : `host "${host}" has no TLS` }],
      )
    }),
}
