// The Docker-style variables of the services of a namespace: REDIS_SERVICE_HOST, REDIS_PORT_6379_TCP and so on. Pure.
import type { Service } from '../../api/types/core-v1.ts'

/** Without service links, only `default/kubernetes` is included. */
export function serviceVariables(services: readonly Service[], namespace: string, links: boolean): Map<string, string> {
  const chosen = new Map<string, Service>()
  for (const service of services) {
    const { name = '', namespace: its } = service.metadata
    const clusterIp = service.spec?.clusterIP
    if (!clusterIp || clusterIp === 'None') continue
    const master = its === 'default' && name === 'kubernetes'
    // A Service of the pod's namespace takes precedence over the master Service of the same name.
    if (master && !chosen.has(name)) chosen.set(name, service)
    else if (links && its === namespace) chosen.set(name, service)
  }
  const variables = new Map<string, string>()
  for (const [name, { spec }] of [...chosen].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const prefix = name.toUpperCase().replaceAll('-', '_')
    const host = spec?.clusterIP ?? ''
    const ports = spec?.ports ?? []
    const first = ports[0]
    if (!first) continue
    variables.set(`${prefix}_SERVICE_HOST`, host)
    variables.set(`${prefix}_SERVICE_PORT`, String(first.port))
    for (const port of ports) {
      if (port.name) variables.set(`${prefix}_SERVICE_PORT_${port.name.toUpperCase().replaceAll('-', '_')}`, String(port.port))
    }
    const address = host.includes(':') ? `[${host}]` : host
    ports.forEach((port, index) => {
      const protocol = port.protocol ?? 'TCP'
      const url = `${protocol.toLowerCase()}://${address}:${port.port}`
      if (index === 0) variables.set(`${prefix}_PORT`, url)
      const own = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`
      variables.set(own, url)
      variables.set(`${own}_PROTO`, protocol.toLowerCase())
      variables.set(`${own}_PORT`, String(port.port))
      variables.set(`${own}_ADDR`, host)
    })
  }
  return variables
}
