// Finds open TCP ports by connecting to each.
import { connect } from 'node:net'

const allPorts = 65_535
const width = 64
/** A port without an answer drops packets: nothing can be reached there. */
const answerMs = 2_000

/** The ports of an address that accept a connection, and another one after all were tried: not those that a program had for a moment. */
export async function openPorts(host: string, signal: AbortSignal): Promise<number[]> {
  const open: number[] = []
  let next = 1
  const work = async (): Promise<void> => {
    while (next <= allPorts) {
      signal.throwIfAborted()
      const port = next++
      if (await accepts(host, port)) open.push(port)
    }
  }
  await Promise.all(Array.from({ length: width }, work))
  const lasting: number[] = []
  for (const port of open) if (await accepts(host, port)) lasting.push(port)
  return lasting
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port })
    const end = (result: boolean) => {
      // A connection may meet itself, if the port was chosen as its own source port.
      const other = socket.localPort !== port
      socket.destroy()
      resolve(result && other)
    }
    socket.setTimeout(answerMs, () => end(false))
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}
