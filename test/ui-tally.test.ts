// The pattern of the tally: the same for both sides, another for every deal, and sayable.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { animals, colours, seamOf, tallyName, tallyOf, tallySize } from '../ui/tally-pattern.ts'

const seedOf = (text: string): Uint8Array => createHash('sha256').update(text).digest()

describe('the tally', () => {
  it('is the same on both screens of one deal', () => {
    assert.deepEqual(tallyOf(seedOf('deal 1')), tallyOf(seedOf('deal 1')))
  })

  it('is another for every deal: name, edge and writing', () => {
    const tallies = Array.from({ length: 500 }, (_, index) => tallyOf(seedOf(`deal ${index}`)))
    const different = (of: (tally: (typeof tallies)[number]) => unknown) =>
      new Set(tallies.map((tally) => JSON.stringify(of(tally)))).size
    assert.equal(
      different((tally) => tally.edge),
      500,
    )
    assert.equal(
      different((tally) => tally.writing),
      500,
    )
    // 99 × 32 × 8 names: among 500 some five are expected to meet.
    assert(different((tally) => tally.name) > 480)
    assert(different((tally) => tally.seal) > 250)
  })

  it('changes with any byte of its seed', () => {
    const seed = seedOf('deal')
    for (const index of seed.keys()) {
      const other = seed.with(index, (seed[index] ?? 0) ^ 1)
      assert.notDeepEqual(tallyOf(other).edge, tallyOf(seed).edge, `byte ${index}`)
    }
  })

  it('has jags that leave the middle to both sides by turns and stay on the slip, so that the halves fit', () => {
    for (let index = 0; index < 200; index++) {
      const { edge } = tallyOf(seedOf(`edge ${index}`))
      assert(edge.length >= 9 && edge.length <= 13)
      assert(edge.every((reach) => reach >= 0 && reach <= 1))
      const jags = seamOf(edge).slice(1, -1)
      for (const [place, { x, y }] of jags.entries()) {
        assert.equal(Math.sign(x - tallySize.seam), place % 2 === 0 ? 1 : -1)
        assert(Math.abs(x - tallySize.seam) <= tallySize.jag)
        assert(y > (jags[place - 1]?.y ?? 0) && y < tallySize.height)
      }
    }
  })

  it('has a name in both languages', () => {
    assert(animals.length >= 30 && colours.length >= 8)
    const name = { number: 7, animal: 'crane', colour: 'blue' } as const
    assert.equal(tallyName({ name }, 'en'), '7-crane-blue')
    assert.equal(tallyName({ name }, 'ja'), '7・鶴・青')
  })

  it('wants a seed that cannot be guessed', () => {
    assert.throws(() => tallyOf(new Uint8Array(15)), RangeError)
  })
})
