// The distribution of an image (os-release(5)).
import type { Distribution } from './software-package.ts'

/** The first that exists counts; the second is usually a link to the first's target. */
export const osReleasePaths = ['etc/os-release', 'usr/lib/os-release'] as const
export const maxOsReleaseBytes = 64 * 1024

/** Undefined if the text names no distribution. Rolling releases have no version: it is then ''. */
export function parseOsRelease(text: string): Distribution | undefined {
  const value = (name: string): string => {
    const line = text.split('\n').findLast(each => each.startsWith(`${name}=`)) ?? ''
    return unquoted(line.slice(name.length + 1).trim())
  }
  const id = value('ID').toLowerCase()
  const version = value('VERSION_ID')
  return /^[a-z0-9._-]{1,64}$/.test(id) && /^[\w.+~-]{0,64}$/.test(version) ? { id, version } : undefined
}

/** A value as a shell reads it, without expansions. */
function unquoted(text: string): string {
  const quote = text[0]
  if (text.length >= 2 && (quote === '"' || quote === "'") && text.endsWith(quote)) return text.slice(1, -1).replace(/\\(["'\\$`])/g, '$1')
  return text
}
