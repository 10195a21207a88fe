// Ends stale UDP flows in the kernel's connection tracking, so that the client's next packet gets a new target.
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { CommandFailed, runProgram } from '../command.ts'
import { deletionOf, isStale, parseUdpFlow, type UdpFlow, type UdpTargets } from './stale-flows.ts'

const timeoutMs = 30_000
/** Resolves with the number of flows that were ended. Rejects if conntrack is missing or fails. */
export async function endStaleFlows(targets: UdpTargets): Promise<number> {
  const own = new Set(Object.values(networkInterfaces()).flatMap(addresses => addresses?.map(({ address }) => address) ?? []))
  const stale: UdpFlow[] = []
  await eachFlow(flow => {
    if (isStale(flow, targets, address => own.has(address))) stale.push(flow)
  })
  if (stale.length > 0) await end(stale)
  return stale.length
}

/** Uses a file: conntrack opens its standard input by name, and a socket, which Node passes to programs, cannot be opened that way. */
async function end(flows: readonly UdpFlow[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-flows-'))
  try {
    const file = join(folder, 'stale')
    await writeFile(file, flows.map(deletionOf).join(''), { mode: 0o600 })
    await runProgram('conntrack', ['-R', file])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The kernel limits their number; they are never all held in memory. */
async function eachFlow(take: (flow: UdpFlow) => void): Promise<void> {
  const args = ['-L', '-p', 'udp']
  const child = spawn('conntrack', args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  let stderr = ''
  child.stderr.on('data', chunk => {
    if (stderr.length < 500) stderr += chunk
  })
  const lines = createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })
  lines.on('line', line => {
    const flow = parseUdpFlow(line)
    if (flow !== undefined) take(flow)
  })
  const code = await ended
  if (code !== 0) throw new CommandFailed('conntrack', args, code, stderr)
}
