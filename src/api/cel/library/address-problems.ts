// Why a text is no IP address or network, in the words of Go's package netip, which users see.
import { goQuote } from '../../go-text/go-quote.ts'

const at = (problem: string, rest: string): string => `${problem} (at ${goQuote(rest)})`

/** netip's error for an invalid address; undefined if it parses, also with a zone or as IPv4 in IPv6 form. */
export function addressProblem(text: string): string | undefined {
  const problem = problemOf(text)
  return problem === undefined ? undefined : `ParseAddr(${goQuote(text)}): ${problem}`
}

function problemOf(text: string): string | undefined {
  switch (/[.:%]/.exec(text)?.[0]) {
    case '.':
      return ipv4Problem(text)
    case ':':
      return ipv6Problem(text)
    case '%':
      return 'missing IPv6 address'
    default:
      return 'unable to parse IP'
  }
}

function ipv4Problem(text: string): string | undefined {
  let dots = 0
  let octet = ''
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i)
    if (character >= '0' && character <= '9') {
      if (octet === '0') return 'IPv4 field has octet with leading zero'
      octet += character
      if (Number(octet) > 255) return 'IPv4 field has value >255'
    } else if (character === '.') {
      if (octet === '' || i === text.length - 1) return at('IPv4 field must have at least one digit', text.slice(i))
      if (dots === 3) return 'IPv4 address too long'
      dots++
      octet = ''
    } else return at('unexpected character', text.slice(i))
  }
  return dots < 3 ? 'IPv4 address too short' : undefined
}

/** Two bytes of the address each. */
const fields = 8

function ipv6Problem(text: string): string | undefined {
  const percent = text.indexOf('%')
  if (percent === text.length - 1) return 'zone must be a non-empty string'
  let rest = percent === -1 ? text : text.slice(0, percent)
  let gap = rest.startsWith('::')
  if (gap) rest = rest.slice(2)
  if (gap && rest === '') return undefined
  let read = 0
  while (read < fields) {
    const digits = /^[\da-fA-F]*/.exec(rest)?.[0] ?? ''
    if (digits.length > 4) return at('each group must have 4 or less digits', rest)
    if (digits === '') return at('each colon-separated field must have at least one digit', rest)
    if (rest[digits.length] === '.') {
      if (!gap && read !== fields - 2) return at('embedded IPv4 address must replace the final 2 fields of the address', rest)
      if (read > fields - 2) return at('too many hex fields to fit an embedded IPv4 at the end of the address', rest)
      const problem = ipv4Problem(rest)
      if (problem !== undefined) return problem
      read += 2
      rest = ''
      break
    }
    read++
    rest = rest.slice(digits.length)
    if (rest === '') break
    if (!rest.startsWith(':')) return at('unexpected character, want colon', rest)
    if (rest === ':') return at('colon must be followed by more characters', rest)
    rest = rest.slice(1)
    if (!rest.startsWith(':')) continue
    if (gap) return at('multiple :: in address', rest)
    gap = true
    rest = rest.slice(1)
    if (rest === '') break
  }
  if (rest !== '') return at('trailing garbage after address', rest)
  if (!gap) return read < fields ? 'address string too short' : undefined
  return read === fields ? 'the :: must expand to at least one field of zeros' : undefined
}

/** The same for a network: an address, a slash and the prefix length. */
export function networkProblem(text: string): string | undefined {
  const slash = text.lastIndexOf('/')
  const problem = slash === -1 ? "no '/'" : partProblem(text.slice(0, slash), text.slice(slash + 1))
  return problem === undefined ? undefined : `netip.ParsePrefix(${goQuote(text)}): ${problem}`
}

function partProblem(address: string, bits: string): string | undefined {
  const problem = addressProblem(address)
  if (problem !== undefined) return problem
  if (address.includes('%')) return 'IPv6 zones cannot be present in a prefix'
  if (!/^(?:0|[1-9]\d{0,18})$/.test(bits) || BigInt(bits) > maxInt) return `bad bits after slash: ${goQuote(bits)}`
  return Number(bits) > (address.includes(':') ? 128 : 32) ? 'prefix length out of range' : undefined
}

const maxInt = 2n ** 63n - 1n
