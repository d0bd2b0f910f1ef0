// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {Roles} from "../../../src/libraries/Roles.sol";
import {System} from "../../support/System.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

/// What the threat model admits that roles can do, and where it says that this ends.
contract WhatRolesCanDoTest is System {
    address private operator;
    address private proposer;
    bytes32 private providerId;

    function setUp() public {
        deploySystem();
        (operator, proposer) = (named("operator"), named("proposer"));
        authority.grantRole(Roles.PROPOSER, proposer, 0);
        vm.deal(operator, 10 ether);
        vm.startPrank(operator);
        providerId = providers.register("provider", operator, operator, bytes32(0));
        stakes.stakeProvider{value: 1 ether}(providerId);
        vm.stopPrank();
    }

    /// What a proposer wants to take counts for its provider until it is taken, which the arbiter can stop.
    function testFuzz_aProposalHoldsNoPayBack(uint256 amount) public {
        vm.prank(proposer);
        bytes32 slashId = stakes.proposeSlash(providerId, uint128(bound(amount, 1, 0.5 ether)), "reason");
        assertTrue(providers.isPayable(providerId), "proposed");
        vm.prank(operator);
        stakes.appeal(slashId, "statement");
        assertTrue(providers.isPayable(providerId), "appealed");
        stakes.dismiss(slashId);
        assertTrue(providers.isPayable(providerId), "dismissed");
    }

    /// Nobody to hear the appeal: it is dismissed, and nothing was held back meanwhile but the way out of what is frozen.
    function test_withoutAnArbiter() public {
        vm.prank(proposer);
        bytes32 slashId = stakes.proposeSlash(providerId, 0.5 ether, "reason");
        vm.startPrank(operator);
        stakes.appeal(slashId, "statement");
        stakes.requestWithdraw(providerId, 1 ether);
        vm.warp(block.timestamp + 10 days);
        assertEq(stakes.withdraw(providerId, operator), 0.5 ether, "what is not frozen");
        stakes.dismiss(slashId);
        assertEq(stakes.withdraw(providerId, operator), 0.5 ether, "and the rest");
        vm.stopPrank();
    }

    /// Oracles with the least stake attest whatever a proposer says of them; what was proven against one counts at once.
    function test_proposalsStrikeNoOracle() public {
        address[5] memory members;
        uint256[5] memory keys;
        string[5] memory names = ["oracle 1", "oracle 2", "oracle 3", "oracle 4", "oracle 5"];
        for (uint256 i = 0; i < 5; ++i) {
            (members[i], keys[i]) = account(names[i]);
            vm.deal(members[i], 1 ether);
            vm.startPrank(members[i]);
            stakes.stakeOracle{value: 1 ether}();
            quorum.registerKey(address(scheme), abi.encodePacked(members[i]), "");
            vm.stopPrank();
        }
        quorum.rotate(address(scheme), members);
        bytes memory proof = abi.encodePacked(uint8(31));
        for (uint256 i = 0; i < 5; ++i) {
            proof = abi.encodePacked(proof, signed(keys[i], "digest"));
            bytes32 stakeId = stakes.oracleStakeId(members[i]);
            vm.prank(proposer);
            stakes.proposeSlash(stakeId, 0.1 ether, "reason");
        }
        assertEq(quorum.review(1), 0, "none is struck");
        assertEq(quorum.verify("digest", 1, proof), 31, "all sign");
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 stakeId = stakes.oracleStakeId(members[i]);
            vm.prank(address(oracleFaults));
            stakes.proposeProven(stakeId, "fault");
        }
        assertEq(quorum.review(1), 7, "three are struck");
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.QuorumTooSmall.selector, 2, 3));
        quorum.verify("digest", 1, proof);
    }

    /// The governor's delay is worth one warning: who is granted the role without a delay has none.
    function test_theDelayIsWorthOneWarning() public {
        (address council, address heir) = (named("council"), named("heir"));
        authority.setRoleAdmin(Roles.GOVERNOR, Roles.GOVERNOR);
        authority.grantRole(Roles.GOVERNOR, council, 2 days);
        bytes memory grant = abi.encodeCall(IAccessManager.grantRole, (Roles.GOVERNOR, heir, 0));
        bytes32 operation = authority.hashOperation(council, address(authority), grant);
        vm.startPrank(council);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotScheduled.selector, operation));
        authority.grantRole(Roles.GOVERNOR, heir, 0);
        authority.schedule(address(authority), grant, 0);
        vm.warp(block.timestamp + 2 days - 1);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotReady.selector, operation));
        authority.grantRole(Roles.GOVERNOR, heir, 0);
        vm.warp(block.timestamp + 1);
        authority.grantRole(Roles.GOVERNOR, heir, 0);
        vm.stopPrank();
        vm.prank(heir);
        credits.setVenue(address(vault), ICreditToken.Venue.Leaving);
        // Parameters keep their own timelock.
        vm.startPrank(heir);
        governor.propose("providerStakeMin", 2 ether);
        vm.expectRevert(
            abi.encodeWithSelector(
                IParamGovernor.TimelockRunning.selector, bytes32("providerStakeMin"), block.timestamp + governor.timelock()
            )
        );
        governor.enact("providerStakeMin");
        vm.stopPrank();
    }
}
