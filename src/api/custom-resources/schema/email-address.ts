// Parses one email address as Go's net/mail (RFC 5322): `a@b`, `"A B" <a@b>`, `a@b (A B)`, and a group with one address.
import { parseIp } from '../../addresses/ip-address.ts'

const letters = "!#$%&'*+\\-./0-9=?A-Z^_`a-z{|}~\\u0080-\\u{10ffff}"
const spaces = /[ \t]*/y
const word = new RegExp(`[${letters}]+`, 'uy')
const quoted = /"(?:\\[\t -~\u0080-\u{10ffff}]|[\t !#-[\]-~\u0080-\u{10ffff}])*"/uy
const literal = /\[([!-Z^-~\u0080-\u{10ffff}]*)\]/uy

export function isEmailAddress(text: string): boolean {
  let at = 0
  const next = (): string => text.charAt(at)
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const [found] = pattern.exec(text) ?? []
    if (found !== undefined) at += found.length
    return found
  }
  const consume = (character: string): boolean => {
    if (next() !== character) return false
    at++
    return true
  }
  const dotAtom = (): boolean => {
    const atom = take(word)
    return atom !== undefined && !atom.startsWith('.') && !atom.endsWith('.') && !atom.includes('..')
  }
  const domainLiteral = (): boolean => parseIp(take(literal)?.slice(1, -1) ?? '') !== undefined
  /** Whether `local@domain` follows; otherwise nothing is consumed. */
  const addressSpec = (): boolean => {
    const start = at
    take(spaces)
    const local = next() === '"' ? (take(quoted) ?? '').length > 2 : dotAtom()
    if (local && consume('@')) {
      take(spaces)
      if (next() === '[' ? domainLiteral() : dotAtom()) return true
    }
    at = start
    return false
  }
  const comment = (): boolean => {
    let depth = 0
    do {
      if (at >= text.length) return false
      const character = next()
      if (character === '\\' && at + 1 < text.length) at++
      else if (character === '(') depth++
      else if (character === ')') depth--
      at++
    } while (depth > 0)
    return true
  }
  const spacesAndComments = (): boolean => {
    for (take(spaces); next() === '('; take(spaces)) if (!comment()) return false
    return true
  }
  const phrase = (): boolean => {
    let words = 0
    for (; words === 0 || spacesAndComments(); words++) {
      take(spaces)
      if (take(next() === '"' ? quoted : word) === undefined) return words > 0
    }
    return false
  }
  const group = (): boolean => address(false) && spacesAndComments() && consume(';')
  const address = (mayBeGroup: boolean): boolean => {
    take(spaces)
    if (addressSpec()) {
      take(spaces)
      return next() !== '(' || comment()
    }
    if (next() !== '<' && !phrase()) return false
    take(spaces)
    if (mayBeGroup && consume(':')) return group()
    return consume('<') && addressSpec() && consume('>')
  }
  return address(true) && spacesAndComments() && at === text.length
}
