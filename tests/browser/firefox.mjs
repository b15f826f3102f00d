// Drives Firefox by WebDriver BiDi. Reads one command as JSON from each line, and answers with one line.
// Arguments: the folder with puppeteer-core, and the path of Firefox.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, executablePath] = process.argv.slice(2);
const puppeteer = createRequire(`${folder}/`)("puppeteer-core");
const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
let context, page, errors, requests;

const commands = {
  async start({ width, height }) {
    await context?.close();
    context = await browser.createBrowserContext();
    page = await context.newPage();
    [errors, requests] = [[], []];
    page.on("pageerror", (error) => errors.push(`${error.message} ${error.stack}`));
    page.on("request", (request) => requests.push(request.url()));
    page.setDefaultTimeout(15000);
    await page.setViewport({ width, height });
  },
  open: async ({ url }) => { await page.goto(url, { waitUntil: "domcontentloaded" }); },
  click: ({ selector }) => page.click(selector),
  async follow({ selector }) {
    await Promise.all([page.waitForNavigation({ waitUntil: "domcontentloaded" }), page.click(selector)]);
  },
  fill: ({ selector, text }) => page.locator(selector).fill(text),
  press: ({ key }) => page.keyboard.press(key),
  see: async ({ selector }) => { await page.waitForSelector(selector, { visible: true }); },
  until: async ({ code }) => { await page.waitForFunction(code); },
  evaluate: ({ code }) => page.evaluate(code),
  offline: ({ is }) => page.setOfflineMode(is),
  keep: ({ cookie }) => context.setCookie(cookie),
  forget: async () => { await context.deleteCookie(...(await context.cookies())); },
  picture: async ({ path }) => { await page.screenshot({ path }); },
  requests: () => requests,
  errors: () => errors,
};

for await (const line of createInterface({ input: process.stdin })) {
  const { name, ...about } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await commands[name](about)) ?? null };
  } catch (error) {
    answer = { error: `${name} ${JSON.stringify(about)}: ${error.message}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
