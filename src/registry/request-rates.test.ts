import assert from 'node:assert/strict'
import { test } from 'node:test'
import { credentialRate, failureRate, ownerRate, ownerRequests, RequestRates } from './request-rates.ts'

test('RequestRates limits a credential, and no other', () => {
  const rates = new RequestRates()
  for (let i = 0; i < credentialRate.burst; i++) rates.requireRoom('a', 'token', 0)
  assert.throws(() => rates.requireRoom('a', 'token', 0), /Too many requests come with this credential/)
  rates.requireRoom('a', 'other', 0)
  rates.requireRoom('a', 'token', 1000)
})

test('RequestRates limits wrong credentials of an address, and delays no credential that works', () => {
  const rates = new RequestRates()
  rates.requireRoom('a', 'good', 0)
  for (let i = 0; i <= failureRate.burst; i++) {
    rates.requireRoom('a', `bad${i}`, 0)
    rates.failed('a', `bad${i}`, 0)
  }
  assert.throws(() => rates.requireRoom('a', 'guess', 0), /of this address were refused/)
  rates.requireRoom('a', 'good', 0)
  rates.requireRoom('b', 'guess', 0)
  rates.requireRoom('a', 'guess', 2000)
})

test('RequestRates counts all ServiceAccounts of a namespace as one owner, whatever number of tokens they have', () => {
  const rates = new RequestRates()
  const request = (account: string, token: string) => {
    rates.requireRoom('a', token, 0)
    rates.begin(token, account, 0)[Symbol.dispose]()
  }
  for (let i = 0; i < ownerRate.burst; i++) request(`system:serviceaccount:shop:a${i % 7}`, `token-${i}`)
  assert.throws(() => request('system:serviceaccount:shop:other', 'new'), /Too many requests come from "namespace shop"/)
  // The first token's owner is known now, so that its next request costs the API server nothing.
  assert.throws(() => rates.requireRoom('a', 'token-0', 0), /Too many requests come from "namespace shop"/)
  request('system:serviceaccount:bank:a', 'bank')
  request('ada', 'ada')
})

test('RequestRates limits how many requests of an owner run at once', () => {
  const rates = new RequestRates()
  const running = Array.from({ length: ownerRequests }, (_, i) => rates.begin(`t${i}`, 'system:serviceaccount:shop:a', 0))
  assert.throws(() => rates.begin('t', 'system:serviceaccount:shop:b', 0), /of "namespace shop" run already/)
  using _other = rates.begin('t', 'system:serviceaccount:bank:a', 0)
  running[0]?.[Symbol.dispose]()
  using _next = rates.begin('t', 'system:serviceaccount:shop:b', 0)
})
