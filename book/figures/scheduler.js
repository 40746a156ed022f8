// "You are the scheduler": the reader chooses, step by step, which process goes next.
//
// Idea: the page holds all states that a small scenario can reach, with the
// steps between them, as the simulator found them. A figure is a path through
// these states: the steps taken, and behind them those that were undone.
// Limits: the simulator's schedules without kills; their rule for where a
// schedule ends is the simulator's: who went last goes on as long as it can,
// then the next.
"use strict";

(() => {
    /** An element with attributes and children; `class`, `onclick` and text as they come. */
    function make(tag, attributes = {}, ...children) {
        const element = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) {
            if (typeof value === "function") element.addEventListener(name, value);
            else element.setAttribute(name, value);
        }
        element.append(...children);
        return element;
    }

    const thousands = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");

    /** Reads `0*12,1*3,0`; a string is what is wrong with it. */
    function parse(text, processes) {
        const choices = [];
        if (text.trim() === "") return choices;
        for (const [i, part] of text.split(",").map((part) => part.trim()).entries()) {
            const found = /^(\d+)(?:\*(\d+)|(!))?$/.exec(part);
            if (!found) return `part ${i + 1} is “${part}”; expected P or P*N, as in 0*12,1*3,0`;
            if (found[3]) return `part ${i + 1} kills a process, and this figure has no kills`;
            const [process, count] = [Number(found[1]), Number(found[2] ?? 1)];
            if (process >= processes) {
                return `part ${i + 1} names process ${process}; the last is ${processes - 1}`;
            }
            if (count > 10000) return `part ${i + 1} has more than 10000 steps`;
            for (let n = 0; n < count; n += 1) choices.push(process);
        }
        return choices;
    }

    /** Writes processes in a row as `0*12,1*3,0`. */
    function format(choices) {
        const runs = [];
        for (const process of choices) {
            const last = runs[runs.length - 1];
            if (last && last[0] === process) last[1] += 1;
            else runs.push([process, 1]);
        }
        return runs.map(([process, n]) => (n === 1 ? `${process}` : `${process}*${n}`)).join(",");
    }

    /** The path through the states: what is done to it, and what it looks like from here. */
    class Path {
        constructor(data) {
            this.data = data;
            this.steps = [];
            this.at = 0;
        }

        /** The state after the first `at` steps. */
        state(at = this.at) {
            return this.data.states[at === 0 ? 0 : this.steps[at - 1].to];
        }

        step(process, state = this.state()) {
            return state.steps.find((step) => step.process === process);
        }

        /** Whether `process` could go. What was undone stays, where it is done again. */
        choose(process) {
            const step = this.step(process);
            if (!step) return false;
            if (this.steps[this.at] !== step) {
                this.steps.length = this.at;
                this.steps.push(step);
            }
            this.at += 1;
            return true;
        }

        /** Lets `process` go on as long as it can; whether it could go at all. */
        goOn(process) {
            const [could, most] = [this.choose(process), this.at + this.data.states.length];
            while (could && this.at < most && this.choose(process));
            return could;
        }

        move(by) {
            this.at = Math.max(0, Math.min(this.steps.length, this.at + by));
        }

        restart() {
            this.steps = [];
            this.at = 0;
        }

        /** Goes along a schedule, and on to an end; says what is wrong with it. */
        follow(text) {
            const choices = parse(text, this.data.processes.length);
            if (typeof choices === "string") return choices;
            const steps = [];
            let state = this.data.states[0];
            const go = (step) => {
                steps.push(step);
                state = this.data.states[step.to];
            };
            for (const [i, process] of choices.entries()) {
                const step = this.step(process, state);
                if (!step) {
                    const name = this.data.processes[process];
                    return `step ${i + 1} cannot be made: ${name} has ended or waits`;
                }
                go(step);
            }
            const most = steps.length + this.data.states.length;
            while (state.steps.length > 0 && steps.length < most) {
                const last = steps.length === 0 ? -1 : steps[steps.length - 1].process;
                const later = state.steps.find((step) => step.process > last);
                go(this.step(last, state) ?? later ?? state.steps[0]);
            }
            this.steps = steps;
            this.at = steps.length;
            return "";
        }

        schedule() {
            return format(this.steps.slice(0, this.at).map((step) => step.process));
        }
    }

    /** One figure of the page. */
    class Figure {
        constructor(element) {
            this.data = JSON.parse(element.querySelector("script").textContent);
            this.path = new Path(this.data);
            this.message = "";
            element.append(this.build());
            element.classList.add("ready");
            element.addEventListener("keydown", (event) => this.key(event));
            this.show();
        }

        text(number) {
            return this.data.texts[number];
        }

        // What is on the page.

        build() {
            const { processes, invariants, listings } = this.data;
            const keys = processes.map((_, i) => i).join(", ");
            this.buttons = processes.map((name, i) => this.processButton(name, i));
            this.lines = new Map();
            this.values = this.data.fields.map(() => make("td"));
            this.lights = invariants.map((words) => make("li", {}, make("b"), ` ${words}`));
            this.odds = make("p", { class: "odds" });
            this.verdict = make("p", { class: "verdict" });
            this.wrong = make("p", { class: "wrong" });
            this.again = make("p", { class: "again" });
            this.taken = make("tbody");
            this.said = make("p", { class: "said", "aria-live": "polite" });
            return make("div", { class: "play", role: "group", tabindex: "-1", "aria-label": "You are the scheduler" },
                make("p", { class: "hint" }, "You are the scheduler: who makes the next step? ",
                    make("kbd", {}, "»"), " lets a process make as many as it can. Once you have clicked ",
                    "in the figure, keys do the same: ", make("kbd", {}, keys), ", with ",
                    make("kbd", {}, "Shift"), " as many as it can; ",
                    make("kbd", {}, "u"), " undoes, ", make("kbd", {}, "r"), " restarts, ",
                    make("kbd", {}, "f"), " shows the shortest failure."),
                make("div", { class: "processes" }, ...this.buttons.map((button) => button.card)),
                make("ul", { class: "lights", "aria-label": "invariants" }, ...this.lights),
                this.odds, this.verdict, this.again,
                make("div", { class: "board" },
                    make("div", { class: "code" }, ...listings.map((listing, i) => this.listing(listing, i))),
                    make("div", { class: "memory" }, this.fieldTable())),
                this.controls(), this.wrong, this.takenTable(), this.said);
        }

        processButton(name, i) {
            const ahead = make("span", { class: "ahead" });
            const choose = (event) => this.choose(i, event.shiftKey);
            const button = make("button", { type: "button", class: "step", click: choose },
                make("kbd", {}, `${i}`), " ", make("b", {}, name), " ", ahead);
            const on = make("button", {
                type: "button", class: "on", click: () => this.choose(i, true),
                title: `Let ${name} go on as long as it can`,
                "aria-label": `Let ${name} go on as long as it can`,
            }, "»");
            const card = make("div", { class: `process p${i % 6}` }, button, on);
            return Object.assign(button, { ahead, on, card });
        }

        listing(listing, i) {
            const rows = listing.lines.map(([number, text]) => {
                const marks = make("span", { class: "marks" });
                const code = make("code", { style: `--indent: ${text.search(/\S|$/)}` }, text.trimStart());
                const row = make("div", { class: "line" }, marks,
                    make("span", { class: "number" }, `${number}`), code);
                this.lines.set(`${i}:${number}`, { row, marks });
                return row;
            });
            const file = make("div", { class: "file" }, listing.file);
            return make("div", { class: "listing", role: "group", "aria-label": listing.file }, file, ...rows);
        }

        fieldTable() {
            const rows = this.data.fields.map((name, i) =>
                make("tr", {}, make("th", { scope: "row" }, name), this.values[i]));
            const { constant } = this.data;
            const others = constant === 0 ? "" : constant === 1 ? "; 1 more field is not used"
                : `; ${constant} more fields are not used`;
            return make("table", {}, make("caption", {}, `shared memory${others}`), make("tbody", {}, ...rows));
        }

        controls() {
            const button = (words, label, act) =>
                make("button", { type: "button", "aria-label": label, click: () => this.act(act) }, words);
            this.undo = button("Undo", "Undo the last step", () => this.path.move(-1));
            this.redo = button("Redo", "Redo the step undone last", () => this.path.move(1));
            this.input = make("input", { type: "text", size: "16", spellcheck: "false", autocomplete: "off" });
            const follow = (event) => {
                event.preventDefault();
                const typed = this.input.value;
                this.act(() => this.path.follow(typed));
                // What was typed stays, to be corrected.
                if (this.message !== "") this.input.value = typed;
            };
            return make("form", { class: "controls", submit: follow },
                this.undo, this.redo,
                button("Restart", "Restart", () => this.path.restart()),
                button("Shortest failure", "Show the shortest failure", () => this.path.follow(this.data.failure)),
                make("label", {}, "Schedule ", this.input),
                make("button", { type: "submit", "aria-label": "Run this schedule to its end" }, "Run to the end"));
        }

        takenTable() {
            const heads = this.data.processes.map((name) => make("th", { scope: "col" }, name));
            this.scroll = make("div", { class: "taken", tabindex: "0", role: "group", "aria-label": "steps taken" },
                make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "step"), ...heads)),
                    this.taken));
            return this.scroll;
        }

        // What the reader does.

        choose(process, goesOn) {
            this.act(() => {
                if (goesOn ? this.path.goOn(process) : this.path.choose(process)) return "";
                const name = this.data.processes[process];
                const waits = this.path.state().processes[process] === "w";
                return waits ? `${name} waits for another process` : `${name} has ended`;
            });
        }

        /** Does something to the path, which may say why it could not, and shows it. */
        act(something) {
            this.message = something() || "";
            this.show();
            this.said.textContent = this.message === "" ? this.words() : this.message;
        }

        key(event) {
            const typing = event.target === this.input;
            if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
            const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] ?? event.key;
            const process = /^\d$/.test(digit) ? Number(digit) : -1;
            const acts = {
                u: () => this.path.move(-1), ArrowLeft: () => this.path.move(-1),
                ArrowRight: () => this.path.move(1),
                r: () => this.path.restart(), f: () => this.path.follow(this.data.failure),
            };
            if (process >= 0 && process < this.data.processes.length) this.choose(process, event.shiftKey);
            else if (acts[event.key]) this.act(acts[event.key]);
            else return;
            // The page's own keys turn its pages.
            event.preventDefault();
            event.stopPropagation();
        }

        // How it looks.

        show() {
            const state = this.path.state();
            this.showProcesses(state);
            this.showValues(state);
            this.showEnd(state);
            this.showTaken();
            this.undo.disabled = this.path.at === 0;
            this.redo.disabled = this.path.at === this.path.steps.length;
            this.input.value = this.path.schedule();
        }

        showProcesses(state) {
            for (const { row, marks } of this.lines.values()) {
                marks.replaceChildren();
                row.classList.remove("current");
            }
            for (const [i, button] of this.buttons.entries()) {
                const step = this.path.step(i, state);
                const stands = { r: "can go", w: "waits for another process", e: "has ended" };
                const ahead = step ? this.text(step.words) : stands[state.processes[i]];
                const place = step?.place === undefined ? "" : ` at ${this.text(step.place)}`;
                button.ahead.textContent = ahead + place;
                for (const one of [button, button.on]) one.setAttribute("aria-disabled", `${!step}`);
                const line = step?.line && this.lines.get(step.line.join(":"));
                if (line) {
                    line.row.classList.add("current");
                    line.marks.append(make("span", { class: `mark p${i % 6}` }, `${i}`));
                }
            }
        }

        showValues(state) {
            const before = this.path.at > 0 ? this.path.state(this.path.at - 1) : state;
            for (const [i, cell] of this.values.entries()) {
                const changed = before.values[i] !== state.values[i];
                cell.replaceChildren(this.text(state.values[i]));
                if (changed) cell.append(make("span", { class: "was" }, ` was ${this.text(before.values[i])}`));
                cell.parentElement.classList.toggle("changed", changed);
            }
        }

        showEnd(state) {
            for (const [i, light] of this.lights.entries()) {
                const holds = state.end?.invariants[i] ?? null;
                light.className = holds === null ? "" : holds ? "holds" : "broken";
                light.firstChild.textContent = holds === null ? "not known:" : holds ? "✓ holds:" : "✗ broken:";
            }
            this.verdict.textContent = state.end ? state.end.words : "";
            this.verdict.className = `verdict${state.end ? (state.end.held ? " holds" : " broken") : ""}`;
            this.wrong.textContent = this.message;
            const { case: of } = this.data;
            const command = of && `cargo run --bin ${of.lab} replay '${this.path.schedule()}' --scenario ${of.name}`;
            this.again.replaceChildren(...(state.end && of ? ["Again: ", make("code", {}, command)] : []));
            this.odds.textContent = state.end || !state.schedules ? "" : this.oddsWords(...state.schedules);
        }

        oddsWords(all, failing) {
            if (all === "1") return `From here one schedule is left, and it ${failing === "1" ? "fails" : "holds"}.`;
            if (failing === "0") return `From here all schedules hold: ${thousands(all)}.`;
            if (failing === all) return `From here all schedules fail: ${thousands(all)}.`;
            return `From here ${thousands(failing)} of ${thousands(all)} schedules fail.`;
        }

        showTaken() {
            const rows = this.path.steps.map((step, i) => {
                const cells = this.data.processes.map((_, process) =>
                    process === step.process
                        ? make("td", { class: `p${process % 6}` }, this.text(step.words)) : make("td"));
                const undone = i < this.path.at ? "" : "undone";
                return make("tr", { class: undone }, make("td", {}, `${i + 1}`), ...cells);
            });
            this.taken.replaceChildren(...rows);
            const last = rows[this.path.at - 1];
            this.scroll.scrollTop = last ? last.offsetTop - this.scroll.clientHeight / 2 : 0;
        }

        /** The last step and what it led to, to be read aloud. */
        words() {
            const { path } = this;
            if (path.at === 0) return "At the start.";
            const step = path.steps[path.at - 1];
            const state = path.state();
            const end = state.end ? ` The end: ${state.end.words}.` : "";
            return `Step ${path.at}, ${this.data.processes[step.process]}: ${this.text(step.words)}.${end}`;
        }
    }

    for (const element of document.querySelectorAll("figure.scheduler")) new Figure(element);
})();
