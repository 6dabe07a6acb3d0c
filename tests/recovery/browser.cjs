// Debian's Chromium without a window, driven by the DevTools protocol over a pipe: no package is needed for it.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

class Browser {
  static async start() {
    const browser = new Browser();
    browser.profile = fs.mkdtempSync(path.join(os.tmpdir(), 'wfb'));
    const flags = ['--headless=new', '--remote-debugging-pipe', '--disable-gpu', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--hide-scrollbars', '--disable-dev-shm-usage',
      `--user-data-dir=${browser.profile}`];
    // What it shows is this project's own; root may not have its sandbox.
    if (process.getuid() === 0) flags.push('--no-sandbox');
    browser.process = spawn(process.env.WF_CHROMIUM || 'chromium', flags,
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: browser.profile } });
    browser.waiting = new Map();
    browser.listeners = [];
    browser.number = 0;
    browser.rest = Buffer.alloc(0);
    const [, , , write, read] = browser.process.stdio;
    browser.write = write;
    read.on('data', (data) => browser.receive(data));
    browser.gone = new Promise((_, reject) => {
      browser.process.on('exit', (code) => reject(new Error(`chromium ended with ${code}`)));
      browser.process.on('error', reject);
    });
    browser.gone.catch(() => {});
    return browser;
  }

  receive(data) {
    this.rest = Buffer.concat([this.rest, data]);
    for (let end = this.rest.indexOf(0); end >= 0; end = this.rest.indexOf(0)) {
      const message = JSON.parse(this.rest.subarray(0, end).toString('utf8'));
      this.rest = this.rest.subarray(end + 1);
      if (message.id === undefined) {
        for (const listener of this.listeners) listener(message);
        continue;
      }
      const { resolve, reject } = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      if (message.error) reject(new Error(message.error.message));
      else resolve(message.result);
    }
  }

  send(method, params = {}, sessionId) {
    const id = ++this.number;
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.write.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const late = new Promise((_, reject) => {
      setTimeout(() => reject(new Error(`${method} was not answered`)), 60000).unref();
    });
    return Promise.race([answer, this.gone, late]);
  }

  async page() {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    return Page.of(this, sessionId);
  }

  async stop() {
    const ended = new Promise((resolve) => this.process.on('exit', resolve));
    await this.send('Browser.close').catch(() => this.process.kill('SIGKILL'));
    await ended;
    fs.rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Page {
  static async of(browser, sessionId) {
    const page = new Page();
    page.browser = browser;
    page.sessionId = sessionId;
    // Whatever a reader would see in red, and whatever the page asks of the network.
    page.complaints = [];
    page.requests = [];
    browser.listeners.push((message) => {
      if (message.sessionId === sessionId) page.notice(message);
    });
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await page.send(`${domain}.enable`);
    return page;
  }

  notice({ method, params }) {
    if (method === 'Log.entryAdded' && params.entry.level !== 'verbose') this.complaints.push(params.entry.text);
    if (method === 'Runtime.exceptionThrown') this.complaints.push(params.exceptionDetails.text);
    if (method === 'Runtime.consoleAPICalled') this.complaints.push(`console.${params.type}`);
    if (method === 'Page.javascriptDialogOpening') this.complaints.push(`dialog: ${params.message}`);
    if (method === 'Network.requestWillBeSent') this.requests.push(params.request.url);
    if (method === 'Page.loadEventFired' && this.loaded) this.loaded();
  }

  send(method, params) {
    return this.browser.send(method, params, this.sessionId);
  }

  async open(url) {
    const loaded = new Promise((resolve) => { this.loaded = resolve; });
    await this.send('Page.navigate', { url });
    await loaded;
  }

  // Of a page whose own scripts may be forbidden: the debugger's are not.
  async evaluate(expression) {
    const answer = await this.send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (answer.exceptionDetails) {
      throw new Error(answer.exceptionDetails.exception?.description || answer.exceptionDetails.text);
    }
    return answer.result.value;
  }

  // A browser answers a key when it has handed it on: what comes of it may take a while.
  async until(expression) {
    for (let i = 0; i < 200; i += 1) {
      if (await this.evaluate(expression)) return true;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
    return false;
  }

  async look({ width, height = 900, dark = false }) {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
    await this.send('Emulation.setEmulatedMedia',
      { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] });
  }

  async press(key, { text, code = key, number } = {}) {
    const event = { key, code, text, windowsVirtualKeyCode: number };
    await this.send('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', ...event });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
  }

  tab() { return this.press('Tab', { number: 9 }); }

  enter() { return this.press('Enter', { number: 13, text: '\r' }); }

  async screenshot(file) {
    const size = await this.evaluate('[document.documentElement.scrollWidth, document.documentElement.scrollHeight]');
    const clip = { x: 0, y: 0, width: size[0], height: size[1], scale: 1 };
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true, clip });
    fs.writeFileSync(file, Buffer.from(data, 'base64'));
  }
}

module.exports = { Browser };
