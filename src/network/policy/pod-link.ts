// Finds the interface of the node that leads to a pod, from the kernel's routes.
import { readFile } from 'node:fs/promises'

const routesFile = '/proc/net/route'

/** The node's end of the link of the pod with this address; undefined if no pod has it. */
export async function podLink(address: string): Promise<string | undefined> {
  return linkOf(await readFile(routesFile, 'utf8'), address)
}

/** `routes` is the content of /proc/net/route: addresses and masks in hexadecimal, little-endian. */
export function linkOf(routes: string, address: string): string | undefined {
  const wanted = address
    .split('.')
    .reverse()
    .map(byte => Number(byte).toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()
  for (const line of routes.split('\n')) {
    const [link, destination, , , , , , mask] = line.split('\t')
    if (destination === wanted && mask?.trim() === 'FFFFFFFF') return link
  }
  return undefined
}
