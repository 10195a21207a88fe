import { defineCheck, notApplicable } from '../check.ts'
import { type PortFacts, portFacts, portVerdict } from './port-api.ts'

const defaultPort = 5443

export const portRegistry = defineCheck<PortFacts | undefined>({
  id: 'port-registry',
  group: 'Ports',
  title: 'registry',
  reads: 'the same, if the cluster has a registry',
  read(machine) {
    const hasRegistry = machine.up?.parts.some(({ name }) => name === 'registry-front') ?? false
    if (!hasRegistry && !machine.exists(machine.directory.registryAuthority)) return undefined
    return portFacts(machine, { port: defaultPort, protocol: 'tcp' }, hasRegistry)
  },
  evaluate: facts =>
    facts === undefined ? notApplicable('no registry here') : portVerdict(facts, 'bulkhead up --registry --registry-port PORT'),
})
