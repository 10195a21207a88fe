// Every command of `bulkhead`, by its name. The hidden ones are parts that `up` starts.
import { advisoriesCommand } from './advisories.ts'
import { checkCommand } from './check.ts'
import { evidenceCommand } from './evidence.ts'
import { imageCommand } from './image.ts'
import { joinTicketCommand } from './join-ticket.ts'
import { partCommand } from './part.ts'
import { policyCommand } from './policy.ts'
import { proveCommand } from './prove.ts'
import { sbomCommand } from './sbom.ts'
import { scanCommand } from './scan.ts'
import { statusCommand } from './status.ts'
import { storeCommand } from './store.ts'
import { trustCommand } from './trust.ts'
import { upCommand } from './up.ts'
import { verifyCommand } from './verify.ts'
import { whyCommand } from './why.ts'

export const commands = {
  up: upCommand,
  status: statusCommand,
  prove: proveCommand,
  evidence: evidenceCommand,
  why: whyCommand,
  check: checkCommand,
  policy: policyCommand,
  verify: verifyCommand,
  trust: trustCommand,
  image: imageCommand,
  sbom: sbomCommand,
  scan: scanCommand,
  advisories: advisoriesCommand,
  joinTicket: joinTicketCommand,
  store: storeCommand,
  signer: partCommand('signer', async () => (await import('../parts/signer.ts')).signerPart),
  server: partCommand('server', async () => (await import('../parts/server.ts')).serverPart),
  controllers: partCommand('controllers', async () => (await import('../parts/controllers.ts')).controllersPart),
  node: partCommand('node', async () => (await import('../parts/node.ts')).nodePart),
  dns: partCommand('dns', async () => (await import('../parts/dns.ts')).dnsPart),
  storeCopy: partCommand('store-copy', async () => (await import('../parts/store-copy.ts')).storeCopyPart),
  artifacts: partCommand('artifacts', async () => (await import('../parts/artifacts.ts')).artifactsPart),
}

export const hiddenCommands = {
  signer: true,
  server: true,
  controllers: true,
  node: true,
  dns: true,
  storeCopy: true,
  artifacts: true,
} as const
