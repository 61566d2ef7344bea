"""report: the figure of what is to be ordered, which a dry run ends with and the page of an order shows.

inputs:   plan.json of acquire
outputs:  results/{study}/{cube}/report/figures/F33_order.{svg,json}
steps:    draw_order
"""

PLAN = "1 What is ordered"

ordered = lambda wildcards: served(wildcards) == "hyp3"


use rule draw_noise as draw_order with:
    input:
        plan=f"{CUBE}/acquire/plan.json",
    output:
        order=figure(PLAN, "order", "F33_order.svg"),
        order_json=f"{FIGURES}/F33_order.json",
    log:
        "logs/draw_order/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_order/{{study}}/{{cube}}.tsv"
    params:
        code=code("draw_order"),
    message:
        "Drawing the network that is planned for {wildcards.cube}"
