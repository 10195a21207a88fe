// Runs the cluster's DNS from informers of Services, EndpointSlices and Namespaces.
import type { Namespace, Service } from '../../api/types/core-v1.ts'
import type { EndpointSlice } from '../../api/types/discovery-v1.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { codeOf, UserError } from '../../base/user-error.ts'
import { Informer } from '../../client/cache/informer.ts'
import type { Client } from '../../client/client.ts'
import { endpointSlices, namespaces, services } from '../../client/resources.ts'
import { createForwarder, machineNameservers } from './forward.ts'
import { DnsServer } from './server.ts'
import type { ZoneSource } from './zone.ts'

export interface RunDnsOptions {
  readonly client: Client
  readonly address: string
  readonly port: number
  readonly domain: string
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
}

const serviceNameLabel = 'kubernetes.io/service-name'
const retryMs = 500

/** Resolves after the signal. `onReady` is called once names are answered. */
export async function runDns(options: RunDnsOptions, signal: AbortSignal, onReady: () => void): Promise<void> {
  const { client, clock, log, random, domain, address, port } = options
  const shared = { client, clock, log, random }
  const serviceInformer = new Informer<Service>({ ...shared, resource: services })
  const sliceInformer = new Informer<EndpointSlice>({ ...shared, resource: endpointSlices })
  const namespaceInformer = new Informer<Namespace>({ ...shared, resource: namespaces, metadataOnly: true })
  serviceInformer.addIndex('ip', ({ spec }) => (spec.clusterIP ? [spec.clusterIP] : []))
  sliceInformer.addIndex('service', ({ metadata }) => {
    const service = metadata.labels?.[serviceNameLabel]
    return service === undefined ? [] : [`${metadata.namespace}/${service}`]
  })
  const source: ZoneSource = {
    service: (namespace, name) => serviceInformer.get(namespace, name),
    slices: (namespace, service) => sliceInformer.byIndex('service', `${namespace}/${service}`),
    hasNamespace: name => namespaceInformer.get('', name) !== undefined,
    serviceByIp: ip => serviceInformer.byIndex('ip', ip)[0],
  }
  const informers = [serviceInformer, sliceInformer, namespaceInformer]
  const running = informers.map(informer => informer.run(signal))
  const serve = async () => {
    await Promise.all(informers.map(informer => informer.synced(signal)))
    await using server = await listen(
      { address, port, source, domain, resolver: createForwarder(machineNameservers(address)), log },
      clock,
      signal,
    )
    onReady()
    await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
    return server
  }
  try {
    await Promise.all([serve(), ...running])
  } catch (err) {
    if (!signal.aborted) throw err
  }
}

/** The node agent adds the address when it starts; until then, retry. */
async function listen(options: ConstructorParameters<typeof DnsServer>[0], clock: Clock, signal: AbortSignal): Promise<DnsServer> {
  for (;;) {
    const server = new DnsServer(options)
    try {
      await server.listen()
      return server
    } catch (err) {
      if (codeOf(err) === 'EADDRINUSE') throw anotherNode(options, err)
      if (codeOf(err) !== 'EADDRNOTAVAIL') throw err
      await clock.sleep(retryMs, signal)
    }
  }
}

function anotherNode({ address, port }: { readonly address: string; readonly port: number }, cause: unknown): UserError {
  const what = `Something listens on ${address}:${port} already, most likely the DNS of another Bulkhead cluster on this machine`
  return new UserError(`${what}: stop that cluster first, or start this one with --simulated-nodes 1`, { cause })
}
