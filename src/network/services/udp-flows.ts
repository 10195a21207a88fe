// Ends stale UDP flows in the kernel's connection tracking: the next packet of such a client is led anew.
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { CommandFailed, runProgram } from '../command.ts'
import { deletionOf, isStale, parseUdpFlow, type UdpFlow, type UdpTargets } from './stale-flows.ts'

const timeoutMs = 30_000
/** Resolves with how many flows were ended. Rejects where conntrack is missing or fails. */
export async function endStaleFlows(targets: UdpTargets): Promise<number> {
  const own = new Set(Object.values(networkInterfaces()).flatMap(addresses => addresses?.map(({ address }) => address) ?? []))
  const stale: UdpFlow[] = []
  await eachFlow(flow => {
    if (isStale(flow, targets, address => own.has(address))) stale.push(flow)
  })
  if (stale.length > 0) await end(stale)
  return stale.length
}

/** By a file: conntrack opens its standard input by name, and a socket, as Node gives it to programs, cannot be opened so. */
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

/** The kernel bounds how many there are; they are never held all at once. */
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
