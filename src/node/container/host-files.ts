// Hostname and /etc/hosts of a pod. Pure.
import type { Pod } from '../../api/types/core-v1.ts'

/** Upstream's rule: spec.hostname or the name, cut to 63 bytes; with setHostnameAsFQDN the full domain name. */
export function podHostname({ metadata, spec }: Pod, clusterDomain: string): { hostname: string; domain: string } {
  const short = (spec.hostname || metadata.name || '').slice(0, 63).replace(/[-.]+$/, '')
  const domain = spec.subdomain ? `${spec.subdomain}.${metadata.namespace}.svc.${clusterDomain}` : ''
  return { hostname: spec.setHostnameAsFQDN && domain !== '' ? `${short}.${domain}` : short, domain }
}

/** The hosts file of the pod's containers; a hostNetwork pod gets the node's own file with the aliases. */
export function hostsFile(pod: Pod, podIps: readonly string[], clusterDomain: string, nodeHosts: string): string {
  const aliases = (pod.spec.hostAliases ?? []).map(({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join('\t')}\n`).join('')
  const added = aliases === '' ? '' : `\n# Entries added by HostAliases.\n${aliases}`
  if (pod.spec.hostNetwork) return `# Kubernetes-managed hosts file (host network).\n${nodeHosts}${added}`
  const { hostname, domain } = podHostname({ ...pod, spec: { ...pod.spec, setHostnameAsFQDN: false } }, clusterDomain)
  const names = domain === '' ? hostname : `${hostname}.${domain}\t${hostname}`
  return `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
${podIps.map(ip => `${ip}\t${names}\n`).join('')}${added}`
}
