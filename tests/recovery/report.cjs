// What a reader of the page sees and does, and what Mermaid makes of the diagrams. Argument: the folder with the pages.
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { Browser } = require('./browser.cjs');

const folder = process.argv[2];
const url = (name) => `file://${path.join(folder, name)}.html`;
let passed = 0;
let failed = 0;
async function test(name, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok - ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`NOT OK - ${name}\n    ${String(error.message).replace(/\n/g, '\n    ')}`);
  }
}

const PAGES = ['overview', 'execution', 'workflow', 'empty', 'hostile'];

// WCAG's contrast of two colours.
const CONTRAST = `(() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const ratio = (a, b) => {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    const style = getComputedStyle(e);
    const box = e.getBoundingClientRect();
    if (box.width < 2 || style.visibility === 'hidden' || e.closest('.unseen')) continue;
    const svg = e instanceof SVGElement;
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (own && !(svg && e.tagName !== 'text')) {
      const r = ratio(parse(svg ? style.fill : style.color), behind(svg ? e.ownerSVGElement.parentElement : e));
      if (r < 4.5) found.push([e.tagName, e.getAttribute('class'), e.textContent.slice(0, 20), r.toFixed(2)]);
    }
    if (svg && ['rect', 'circle'].includes(e.tagName) && !e.matches('.track, .most, .phase')) {
      const r = ratio(parse(style.fill), behind(e.ownerSVGElement.parentElement));
      if (r < 3) found.push([e.tagName, e.getAttribute('class'), r.toFixed(2)]);
    }
  }
  return JSON.stringify([...new Set(found.map((f) => f.join(' ')))]);
})()`;

async function everyPage(page) {
  for (const name of PAGES) {
    await test(`${name}: no complaint, nothing is loaded, nothing runs`, async () => {
      page.complaints.length = 0;
      page.requests.length = 0;
      await page.look({ width: 1280 });
      await page.open(url(name));
      assert.deepEqual(page.complaints, []);
      assert.deepEqual(page.requests, [url(name)]);
      assert.equal(await page.evaluate('typeof window.hit'), 'undefined');
      assert.equal(await page.evaluate("document.querySelectorAll('script, img, iframe, object, link, base, form, [style]').length"), 0);
      const own = "[...document.querySelectorAll('*')].flatMap((e) => [...e.attributes]).filter((a) => /^on/i.test(a.name)).length";
      assert.equal(await page.evaluate(own), 0);
    });
    for (const dark of [false, true]) {
      const mode = dark ? 'dark' : 'light';
      await test(`${name}: ${mode}, in colours that can be read`, async () => {
        await page.look({ width: 1280, dark });
        await page.open(url(name));
        const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
        assert.equal(background, dark ? 'rgb(16, 21, 27)' : 'rgb(246, 247, 249)');
        assert.equal(await page.evaluate(CONTRAST), '[]');
      });
      await test(`${name}: ${mode}, 390 pixels wide, nothing sticks out`, async () => {
        await page.look({ width: 390, dark });
        await page.open(url(name));
        const [scroll, inner] = await page.evaluate('[document.scrollingElement.scrollWidth, innerWidth]');
        assert.equal(inner, 390);
        assert.ok(scroll <= inner, `${scroll} pixels`);
        const out = `[...document.querySelectorAll('body *')].filter((e) => !e.closest('.scroll, .unseen, .skip')
          && !(e instanceof SVGElement && e.tagName !== 'svg') && e.getBoundingClientRect().right > 390.5).map((e) => e.outerHTML.slice(0, 90))`;
        assert.deepEqual(await page.evaluate(out), []);
      });
    }
  }
}

async function elements(page) {
  await page.look({ width: 1280 });
  await page.open(url('overview'));
  const count = (selector) => page.evaluate(`document.querySelectorAll(${JSON.stringify(selector)}).length`);
  await test('title, language, landmarks and one heading of the first level', async () => {
    assert.equal(await page.evaluate('document.title'), 'default – workflow report');
    assert.equal(await page.evaluate('document.documentElement.lang'), 'en');
    for (const selector of ['header', 'nav', 'main', 'footer', 'h1']) assert.equal(await count(selector), 1, selector);
    const levels = await page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map((h) => Number(h.tagName[1]))");
    levels.reduce((before, level) => { assert.ok(level <= before + 1); return level; }, 0);
  });
  await test('every section has what it is about', async () => {
    assert.equal(await count('.tile'), 6);
    assert.ok(await count('#throughput svg.wide rect') > 50);
    assert.equal(await count('#agents tbody tr'), 7);
    assert.equal(await count('#circuits tbody tr'), 5);
    assert.equal(await count('#circuits .pill.bad'), 3);
    assert.equal(await count('#steps tbody tr'), 9);
    assert.equal(await count('#queue tbody tr'), 3);
    assert.equal(await count('#failures li'), 10);
  });
  await test('figures agree: tiles, legend, chart and table', async () => {
    const numbers = async (script) => page.evaluate(script);
    const legend = await numbers("[...document.querySelectorAll('.legend b')].map((b) => Number(b.textContent.replace(/,/g, '')))");
    const started = await numbers("Number(document.querySelector('.tile strong').textContent.replace(/,/g, ''))");
    assert.equal(legend.reduce((a, b) => a + b), started);
    assert.equal(started, 691);
    const table = await numbers(`[1, 2, 3, 4].map((column) => [...document.querySelectorAll('#throughput tbody tr')]
      .reduce((sum, row) => sum + Number(row.children[column].textContent.replace(/,/g, '')), 0))`);
    assert.deepEqual(table, legend);
    const titles = await numbers("[...document.querySelectorAll('svg.wide g > title')].map((t) => t.textContent)");
    assert.equal(titles.length, await count('#throughput tbody tr'));
    const completed = titles.map((t) => Number((t.match(/(\d+) completed/) || [0, 0])[1])).reduce((a, b) => a + b);
    assert.equal(completed, legend[0]);
  });
  await test('drawings say what they are, or that what they show stands beside them', async () => {
    assert.equal(await count("svg:not([aria-hidden='true']):not([role='img'][aria-labelledby])"), 0);
    assert.equal(await count("svg[role='img'] > title"), 2);
    assert.equal(await count('table:not(:has(caption))'), 0);
    assert.equal(await count('th:not([scope])'), 0);
    const names = (await page.send('Accessibility.getFullAXTree')).nodes.filter((n) => !n.ignored);
    const chart = names.filter((n) => n.role.value === 'image' && n.name.value.startsWith('Executions started'));
    assert.equal(chart.length, 1, 'one of the two drawings is there for readers');
  });
  await test('the chart is the wide one on a wide page, the narrow one on a narrow', async () => {
    const shown = "[...document.querySelectorAll('.chart')].map((c) => getComputedStyle(c).display)";
    assert.deepEqual(await page.evaluate(shown), ['block', 'none']);
    await page.look({ width: 390 });
    assert.deepEqual(await page.evaluate(shown), ['none', 'block']);
    const size = "document.querySelector('.narrow .axis').getBoundingClientRect().height";
    assert.ok(await page.evaluate(size) >= 10, 'labels can be read');
    await page.look({ width: 1280 });
  });
  await test('an empty tenant has a page that says so', async () => {
    await page.open(url('empty'));
    assert.equal(await count('.empty'), 6);
    assert.equal(await count('svg, table'), 0);
  });
  await test('an execution has its timeline and its changes', async () => {
    await page.open(url('execution'));
    assert.equal(await count('#execution .timeline li'), 9);
    assert.equal(await count('#execution .versions details'), 7);
    assert.match(await page.evaluate("document.querySelector('#execution details[open] .diff').textContent"), /add \/payment \{"id": "p-99", "amount": 31.90\}/);
    const bars = await page.evaluate("[...document.querySelectorAll('.timeline rect')].map((r) => r.getBoundingClientRect().width)");
    assert.ok(bars.every((width) => width >= 2), `${bars}`);
  });
  await test('what is hostile is shown as it is', async () => {
    await page.open(url('hostile'));
    const text = await page.evaluate('document.body.textContent');
    for (const shown of ['<script>window.hit = 1; alert(1)</script>', '"><svg onload="window.hit = 3">', '&lt;b&gt; &amp; &#60;i&#62;',
      '\\u202etxt.exe', 'zero\\u200bwidth', '注文 🚀 العربية']) assert.ok(text.includes(shown), shown);
    assert.ok(!/[\u202a-\u202e\u2066-\u2069\u200b\ufeff]/.test(text));
  });
}

async function keyboard(page) {
  const focused = "(() => { const e = document.activeElement; return e.tagName + (e.className ? '.' + e.className : '') + (e.hash || ''); })()";
  await test('keyboard: the first Tab shows the way to the content, and Enter goes it', async () => {
    await page.look({ width: 1280 });
    await page.open(url('execution'));
    await page.tab();
    assert.equal(await page.evaluate(focused), 'A.skip#main');
    assert.ok(await page.until("document.querySelector('.skip').getBoundingClientRect().top >= 0"));
    await page.enter();
    assert.ok(await page.until("document.activeElement.id === 'main'"));
  });
  await test('keyboard: Tab reaches every version and table, and is seen', async () => {
    const wanted = await page.evaluate("[...document.querySelectorAll('main a, main summary, main [tabindex]')].filter((e) => e.checkVisibility()).length");
    const seen = new Set();
    for (let i = 0; i < wanted; i += 1) {
      await page.tab();
      const [place, outline] = await page.evaluate(`(() => { const e = document.activeElement;
        return [[...document.querySelectorAll('*')].indexOf(e), getComputedStyle(e).outlineStyle]; })()`);
      assert.equal(outline, 'solid', await page.evaluate(focused));
      seen.add(place);
    }
    assert.equal(seen.size, wanted);
  });
  await test('keyboard: Enter opens what is closed, and closes it again', async () => {
    await page.evaluate("document.querySelector('#execution details:not([open]) summary').focus(); window.opened = document.activeElement.parentElement; 0");
    await page.enter();
    assert.ok(await page.until('window.opened.open'));
    await page.enter();
    assert.ok(await page.until('!window.opened.open'));
  });
  await test('keyboard: a table that is wider than a narrow page is scrolled by it', async () => {
    await page.look({ width: 390 });
    const scroll = "document.querySelector('#agents .scroll')";
    await page.evaluate(`${scroll}.focus(); 0`);
    for (let i = 0; i < 5; i += 1) await page.press('ArrowRight', { number: 39 });
    assert.ok(await page.until(`${scroll}.scrollLeft > 0`));
  });
}

async function diagrams(page) {
  const texts = fs.readFileSync(path.join(folder, 'diagrams.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  await page.look({ width: 1280 });
  await page.open('about:blank');
  await page.evaluate(fs.readFileSync(process.env.WF_MERMAID, 'utf8') + '\n;0');
  // The loosest of its settings: labels are HTML, and links may be followed.
  await page.evaluate("mermaid.initialize({ startOnLoad: false, securityLevel: 'loose', maxEdges: 5000 }); 0");
  await test(`Mermaid parses all of ${texts.length} diagrams`, async () => {
    assert.ok(texts.length > 100);
    for (const text of texts) {
      const answer = await page.evaluate(`mermaid.parse(${JSON.stringify(text)}).then((r) => r.diagramType, (e) => 'refused: ' + e.message)`);
      assert.equal(answer, text.startsWith('flowchart') ? 'flowchart-v2' : 'stateDiagram', text.slice(0, 2000));
    }
  });
  await test('Mermaid refuses what is none, so that the test above can fail', async () => {
    const answer = await page.evaluate("mermaid.parse('flowchart LR\\n s1[\"a\"b\"]').then(() => 'parsed', () => 'refused')");
    assert.equal(answer, 'refused');
  });
  const decoded = (label) => label.split('<br/>')[0].replace(/#(\d+);/g, (_, code) => String.fromCodePoint(code));
  const hostile = texts.filter((text) => text.includes('script'));
  assert.ok(hostile.length >= 4);
  for (const text of hostile.slice(0, 6)) {
    await test(`drawn, its labels are the names: ${text.split('\n')[1].trim().slice(0, 50)}`, async () => {
      page.complaints.length = 0;
      const names = [...text.matchAll(/"([^"]*)"/g)].map((match) => decoded(match[1]));
      const drawn = await page.evaluate(`mermaid.render('drawn', ${JSON.stringify(text)}).then(({ svg }) => {
        document.body.innerHTML = svg;
        const shown = [...document.querySelectorAll('.nodeLabel, .state-title, foreignObject')].map((e) => e.textContent.trim());
        const strange = [...document.querySelectorAll('script, img, iframe, a, b, i.fa, strong, em, math, base')].map((e) => e.outerHTML);
        return { shown, strange, nodes: document.querySelectorAll('.node').length, hit: typeof window.hit };
      })`);
      assert.deepEqual(drawn.strange, []);
      assert.equal(drawn.hit, 'undefined');
      assert.deepEqual(page.complaints.filter((c) => !c.startsWith('console.')), []);
      const plain = (s) => s.replace(/\s+/g, ' ').trim();
      const shown = drawn.shown.map(plain);
      for (const name of names.map(plain)) assert.ok(shown.some((s) => s.startsWith(name)), `${name} is not among ${JSON.stringify(shown)}`);
    });
  }
}

(async () => {
  const browser = await Browser.start();
  try {
    const page = await browser.page();
    await everyPage(page);
    await elements(page);
    await keyboard(page);
    await diagrams(page);
  } finally {
    await browser.stop();
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
})().catch((error) => {
  console.error(error);
  console.log(`${passed} passed, ${failed + 1} failed`);
  process.exitCode = 1;
});
